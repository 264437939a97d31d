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
        const logger = new Logger(LocalStateStore.name);
        return new LocalStateStore(config.modelsDir, {
          stateDir: config.stateDir,
          warn: (message, cause) => logger.warn(message, cause),
          tell: (message) => logger.log(message),
        });
      },
    },
  ],
  exports: [RunSource, StateStore],
})
export class SourcesModule {}
