import { Module } from '@nestjs/common';

import { AppConfig } from '../config/app-config.js';
import { createRunSource } from './create-run-source.js';
import { RunSource } from './run-source.js';

/** Picks the adapters for the configured stores. */
@Module({
  providers: [{ provide: RunSource, inject: [AppConfig], useFactory: createRunSource }],
  exports: [RunSource],
})
export class SourcesModule {}
