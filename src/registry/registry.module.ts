import { Module } from '@nestjs/common';

import { EnginesModule } from '../engines/engines.module.js';
import { SourcesModule } from '../sources/sources.module.js';
import { ModelRegistryService } from './model-registry.service.js';
import { RunLoader } from './run-loader.js';

/** The shared registry: one instance, whichever room injects it. */
@Module({
  imports: [SourcesModule, EnginesModule],
  providers: [RunLoader, ModelRegistryService],
  exports: [ModelRegistryService],
})
export class RegistryModule {}
