import { Module } from '@nestjs/common';

import { RegistryModule } from '../registry/registry.module.js';
import { DefaultModelController } from './default-model.controller.js';
import { MlflowWebhookController } from './mlflow-webhook.controller.js';
import { ModelControlController } from './model-control.controller.js';
import { ModelControlService } from './model-control.service.js';
import { ModelsController } from './models.controller.js';
import { ModelsService } from './models.service.js';

@Module({
  imports: [RegistryModule],
  controllers: [ModelControlController, MlflowWebhookController, ModelsController, DefaultModelController],
  providers: [ModelsService, ModelControlService],
})
export class ModelsModule {}
