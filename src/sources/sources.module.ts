import { Module } from '@nestjs/common';

import { AppConfig } from '../config/app-config.js';
import { LocalRunSource } from './local/local-run-source.js';
import { RunSource } from './run-source.js';

/** Picks the adapter for the configured store. */
@Module({
  providers: [
    {
      provide: RunSource,
      inject: [AppConfig],
      useFactory: (config: AppConfig) => new LocalRunSource(config.modelsDir),
    },
  ],
  exports: [RunSource],
})
export class SourcesModule {}
