import { Module } from '@nestjs/common';

/** The documentation room. */
@Module({})
export class DocsModule {}
