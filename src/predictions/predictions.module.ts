import { Module } from '@nestjs/common';

import { RegistryModule } from '../registry/registry.module.js';
import { PredictionsController } from './predictions.controller.js';
import { PredictionsService } from './predictions.service.js';
import { SeedPredictionsController } from './legacy-predictions.controller.js';

@Module({
  imports: [RegistryModule],
  controllers: [PredictionsController, SeedPredictionsController],
  providers: [PredictionsService],
})
export class PredictionsModule {}
