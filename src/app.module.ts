import { Module } from '@nestjs/common';
import type { DynamicModule, OnModuleInit } from '@nestjs/common';

import type { AppConfig } from './config/app-config.js';
import { ConfigModule } from './config/config.module.js';
import { DocsModule } from './docs/docs.module.js';
import { HealthModule } from './health/health.module.js';
import { HttpModule } from './http/http.module.js';
import { ModelsModule } from './models/models.module.js';
import { PredictionsModule } from './predictions/predictions.module.js';
import { RefreshService } from './registry/refresh/refresh.service.js';
import { RegistryModule } from './registry/registry.module.js';
import { RunsModule } from './runs/runs.module.js';

/** The root module. Its `init()` loads the runs that serve, before the port opens. */
@Module({
  imports: [HttpModule, RegistryModule, HealthModule, ModelsModule, RunsModule, PredictionsModule, DocsModule],
})
export class AppModule implements OnModuleInit {
  static forRoot(config: AppConfig): DynamicModule {
    return { module: AppModule, imports: [ConfigModule.forRoot(config)] };
  }

  constructor(private readonly refreshService: RefreshService) {}

  /** @throws NothingToServeError when no model can be served and that is not allowed. */
  onModuleInit(): Promise<void> {
    return this.refreshService.start();
  }
}
