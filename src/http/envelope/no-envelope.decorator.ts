import { SetMetadata } from '@nestjs/common';

export const NO_ENVELOPE = 'bestrun:bare';

/** The handler's value is the whole answer: no envelope (short routes, documents). */
export const NoEnvelope = () => SetMetadata(NO_ENVELOPE, true);
