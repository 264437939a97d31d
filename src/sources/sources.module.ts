import { Logger, Module } from '@nestjs/common';

import { AppConfig } from '../config/app-config.js';
import { createRunSource } from './create-run-source.js';
import { Disk } from './files/disk.js';
import { DryRunStateStore } from './state/dry-run-state-store.js';
import { LocalStateStore } from './state/local-state-store.js';
import { RunSource } from './run-source.js';
import { StateStore } from './state/state-store.js';

/** How a program other than the server looks at the sources. */
export interface SourcesOptions {
  /** Whether states are only read: what would be written stays in memory. */
  readonly isDryRun?: boolean;
  /** Folder of the one model that is looked at; all unless set. */
  readonly onlyModel?: string | undefined;
}

/** Token of `SourcesOptions`; a server provides none. */
export const SOURCES_OPTIONS = Symbol('SOURCES_OPTIONS');

/** Picks the adapters for the configured stores. */
@Module({
  providers: [
    {
      provide: RunSource,
      inject: [AppConfig, { token: SOURCES_OPTIONS, optional: true }],
      useFactory: (config: AppConfig, options?: SourcesOptions) => createRunSource(config, options?.onlyModel),
    },
    {
      provide: StateStore,
      inject: [AppConfig, { token: SOURCES_OPTIONS, optional: true }],
      useFactory: (config: AppConfig, { isDryRun }: SourcesOptions = {}) => {
        const logger = new Logger(LocalStateStore.name);
        const states = new LocalStateStore(config.modelsDir, {
          stateDir: config.stateDir,
          disk: new Disk({ timeoutMs: config.storeTimeoutMs }),
          warn: (message, cause) => logger.warn(message, cause),
          log: (message) => logger.log(message),
        });
        return isDryRun ? new DryRunStateStore(states) : states;
      },
    },
  ],
  exports: [RunSource, StateStore],
})
export class SourcesModule {}
