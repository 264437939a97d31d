import { Module } from '@nestjs/common';

import { RegistryModule } from '../registry/registry.module.js';
import { ModelRunsController } from './model-runs.controller.js';
import { RunsController } from './runs.controller.js';
import { RunsService } from './runs.service.js';

@Module({
  imports: [RegistryModule],
  controllers: [RunsController, ModelRunsController],
  providers: [RunsService],
})
export class RunsModule {}
