import { SetMetadata } from '@nestjs/common';

export const BARE = 'bestrun:bare';

/** The handler's value is the whole answer: no envelope (short routes, documents). */
export const Bare = () => SetMetadata(BARE, true);
