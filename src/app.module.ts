import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';

import type { AppConfig } from './config/app-config.js';
import { ConfigModule } from './config/config.module.js';
import { DocsModule } from './docs/docs.module.js';
import { HealthModule } from './health/health.module.js';
import { HttpModule } from './http/http.module.js';
import { ModelsModule } from './models/models.module.js';
import { PredictionsModule } from './predictions/predictions.module.js';
import { RunsModule } from './runs/runs.module.js';

/** The application: what every route goes through, and the modules that have routes. */
@Module({ imports: [HttpModule, HealthModule, ModelsModule, RunsModule, PredictionsModule, DocsModule] })
export class AppModule {
  static with(config: AppConfig): DynamicModule {
    return { module: AppModule, imports: [ConfigModule.with(config)] };
  }
}
