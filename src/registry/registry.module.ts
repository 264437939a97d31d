import { Module } from '@nestjs/common';

import { EnginesModule } from '../engines/engines.module.js';
import { SourcesModule } from '../sources/sources.module.js';
import { Chronicle } from './history/model-history.js';
import { ModelRegistryService } from './model-registry.service.js';
import { ExtraRuns } from './on-demand-runs.js';
import { PinService } from './pin.service.js';
import { CandidateTrials } from './promotion/candidate-checks.js';
import { Takeovers } from './promotion/cutover.js';
import { PromotionService } from './promotion/promotion.service.js';
import { RefreshService } from './refresh/refresh.service.js';
import { RegistryContents } from './state/registry-state.js';
import { RunLoader } from './loading/run-loader.js';

/** The shared registry: one instance, whichever room injects it. It looks at the store once `RefreshService` is told to. */
@Module({
  imports: [SourcesModule, EnginesModule],
  providers: [
    Chronicle,
    RunLoader,
    RegistryContents,
    CandidateTrials,
    Takeovers,
    PromotionService,
    RefreshService,
    ExtraRuns,
    ModelRegistryService,
    PinService,
  ],
  exports: [ModelRegistryService, RefreshService, PinService],
})
export class RegistryModule {}
