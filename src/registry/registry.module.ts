import { Module } from '@nestjs/common';

import { EnginesModule } from '../engines/engines.module.js';
import { PreprocessingModule } from '../preprocessing/preprocessing.module.js';
import { SourcesModule } from '../sources/sources.module.js';
import { ModelHistory } from './history/model-history.js';
import { ModelRegistryService } from './model-registry.service.js';
import { OnDemandRuns } from './on-demand-runs.js';
import { PinService } from './pin.service.js';
import { ChallengerChecks } from './promotion/challenger-checks.js';
import { Cutover } from './promotion/cutover.js';
import { PromotionService } from './promotion/promotion.service.js';
import { RefreshService } from './refresh/refresh.service.js';
import { StuckRuns } from './stuck-runs.js';
import { RetryService } from './retry.service.js';
import { RegistryState } from './state/registry-state.js';
import { RunLoader } from './loading/run-loader.js';
import { RunTrials } from './trials/run-trials.js';
import { TrialRecords } from './trials/trial-records.js';

/** The shared registry: one instance for all modules. It polls the store once `RefreshService` is started. */
@Module({
  imports: [SourcesModule, EnginesModule, PreprocessingModule],
  providers: [
    ModelHistory,
    RunLoader,
    RunTrials,
    TrialRecords,
    RegistryState,
    ChallengerChecks,
    Cutover,
    PromotionService,
    RefreshService,
    OnDemandRuns,
    ModelRegistryService,
    PinService,
    RetryService,
    StuckRuns,
  ],
  exports: [ModelRegistryService, RefreshService, PinService, RetryService],
})
export class RegistryModule {}
