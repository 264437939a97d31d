import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';

import type { AppConfig } from './config/app-config.js';
import { ConfigModule } from './config/config.module.js';
import { DocsModule } from './docs/docs.module.js';
import { HealthModule } from './health/health.module.js';
import { ModelsModule } from './models/models.module.js';
import { PredictionsModule } from './predictions/predictions.module.js';
import { RunsModule } from './runs/runs.module.js';

/** The root module. */
@Module({ imports: [HealthModule, ModelsModule, RunsModule, PredictionsModule, DocsModule] })
export class AppModule {
  static forRoot(config: AppConfig): DynamicModule {
    return { module: AppModule, imports: [ConfigModule.forRoot(config)] };
  }
}
