import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';

import type { AppConfig } from '../config/app-config.js';
import { ConfigModule } from '../config/config.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { SOURCES_OPTIONS } from '../sources/sources.module.js';
import type { SourcesOptions } from '../sources/sources.module.js';

/** The registry as a server has it, but for HTTP and for the states of models, of which nothing is written. */
@Module({ imports: [RegistryModule] })
export class CheckModule {
  /** @param onlyModel  folder of the one model to be looked at; all unless set. */
  static forRoot(config: AppConfig, onlyModel?: string): DynamicModule {
    const options: SourcesOptions = { isDryRun: true, onlyModel };
    return {
      module: CheckModule,
      global: true,
      imports: [ConfigModule.forRoot(config)],
      providers: [{ provide: SOURCES_OPTIONS, useValue: options }],
      exports: [SOURCES_OPTIONS],
    };
  }
}
