import { Logger, Module } from '@nestjs/common';

import { AppConfig } from '../config/app-config.js';
import { createRunSource } from './create-run-source.js';
import { LocalStateStore } from './state/local-state-store.js';
import { RunSource } from './run-source.js';
import { StateStore } from './state/state-store.js';

/** Picks the adapters for the configured stores. */
@Module({
  providers: [
    { provide: RunSource, inject: [AppConfig], useFactory: createRunSource },
    {
      provide: StateStore,
      inject: [AppConfig],
      useFactory: (config: AppConfig) => {
        const logger = new Logger('State');
        const warn = (message: string, cause?: unknown) => logger.warn(message, cause);
        return new LocalStateStore(config.modelsDir, warn, (message) => logger.log(message), config.stateDir);
      },
    },
  ],
  exports: [RunSource, StateStore],
})
export class SourcesModule {}
