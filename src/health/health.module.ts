import { Module } from '@nestjs/common';

import { RegistryModule } from '../registry/registry.module.js';
import { HealthController } from './health.controller.js';
import { ReadinessService } from './readiness.service.js';

@Module({ imports: [RegistryModule], controllers: [HealthController], providers: [ReadinessService] })
export class HealthModule {}
