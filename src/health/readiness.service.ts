import { Injectable } from '@nestjs/common';

import { toSourceReadingDto } from '../http/dto/source-reading.dto.js';
import { AppError } from '../domain/app-error.js';
import { ModelRegistryService } from '../registry/model-registry.service.js';
import type { PredictionTimesReport } from '../registry/loading/prediction-times.js';
import { RefreshService } from '../registry/refresh/refresh.service.js';
import type { RunCheck } from '../registry/refresh/refresh.service.js';
import { isLoadingRun } from '../registry/state/registered-run.js';
import type { RegisteredModel } from '../registry/state/registered-run.js';
import { uptimeMs } from '../lib/uptime.js';
import { VERSION } from '../version.js';
import type {
  EmptyDto,
  HealthDto,
  ModelHealthDto,
  ModelTimingsDto,
  RunCheckDto,
  ServerMemoryDto,
} from './dto/health.dto.js';
import { listProblems } from './health-problems.js';

/** What the server can say of its own health. */
@Injectable()
export class ReadinessService {
  private isDraining = false;

  constructor(
    private readonly registry: ModelRegistryService,
    private readonly refreshService: RefreshService,
  ) {}

  /** The server was told to stop: it answers, but wants no more requests. */
  startDraining(): void {
    this.isDraining = true;
  }

  getHealth(): HealthDto {
    const { computeProblem } = this.registry;
    const models = this.registry.listModels().map((model) => toDto(model, computeProblem === undefined));
    const sources = this.refreshService.statuses.map(toSourceReadingDto);
    const problems = listProblems(this.registry, sources);
    return {
      status: this.isDraining ? 'draining' : problems.length === 0 ? 'ok' : 'degraded',
      problems,
      version: VERSION,
      uptime_seconds: Math.round(uptimeMs()) / 1000,
      memory: memoryOf(this.registry),
      threads: this.registry.threadCounts ?? null,
      models,
      sources,
      checks: this.refreshService.checks.map(toCheckDto),
      state_problem: this.registry.stateProblem ?? null,
    };
  }

  /**
   * @throws AppError SHUTTING_DOWN, or NOTHING_TO_SERVE while no model can be served, among others because all of them
   *   are still loading.
   */
  requireReady(): HealthDto {
    if (this.isDraining) throw new AppError('SHUTTING_DOWN');
    const reason = this.whyNotReady();
    if (reason !== undefined) throw new AppError('NOTHING_TO_SERVE', { reason });
    return this.getHealth();
  }

  /** @throws AppError NOTHING_TO_SERVE when the process has to be started again. */
  getLiveness(): EmptyDto {
    const { computeProblem: reason } = this.registry;
    if (reason !== undefined) throw new AppError('NOTHING_TO_SERVE', { reason });
    return {};
  }

  /** A store that cannot be read says more than that nothing came from it. */
  private whyNotReady(): string | undefined {
    const { whyNotReady, computeProblem } = this.registry;
    if (computeProblem !== undefined) return computeProblem;
    const problem = this.refreshService.statuses.find((reading) => reading.problem !== undefined)?.problem;
    return whyNotReady === undefined ? undefined : (problem ?? whyNotReady);
  }
}

function memoryOf({ modelMemory: { limitBytes, bytes } }: ModelRegistryService): ServerMemoryDto {
  return { models_limit_bytes: limitBytes, models_bytes: bytes, process_bytes: residentBytes() };
}

/** null when the system does not say, for instance because the process may open no more files. */
function residentBytes(): number | null {
  try {
    return process.memoryUsage.rss();
  } catch {
    return null;
  }
}

function toCheckDto({ location, startedAt, bytes, totalBytes }: RunCheck): RunCheckDto {
  return { location, started_at: startedAt.toISOString(), bytes, total_bytes: totalBytes };
}

function stateOf(model: RegisteredModel): string {
  const { best, runs, unreadable } = model;
  if (best) return 'serving';
  if (isLoadingRun(model)) return 'loading';
  const reasons = [...runs.map(({ staticReasons }) => staticReasons), ...unreadable.map(({ reasons: own }) => own)];
  return reasons.some(([first]) => first?.code === 'BEING_CHECKED') ? 'checking' : 'unavailable';
}

function toDto(model: RegisteredModel, canCompute: boolean): ModelHealthDto {
  const { card, best } = model;
  return {
    name: card.name,
    ready: best !== undefined && canCompute,
    state: stateOf(model),
    run_id: best?.registered.run.run_id ?? null,
    backend: best?.loaded.backend ?? null,
    sha256: best?.registered.run.model.sha256 ?? null,
    loaded_at: best?.loaded.loadedAt.toISOString() ?? null,
    memory: best?.loaded.memory ?? null,
    timings: timingsOf(best?.loaded.times.report()),
  };
}

function timingsOf(report: PredictionTimesReport | undefined): ModelTimingsDto | null {
  if (!report) return null;
  const { parse, validate, queue, infer, serialise, total } = report.partsMs;
  return {
    predictions: report.count,
    parse_ms: parse,
    validate_ms: validate,
    queue_ms: queue,
    infer_ms: infer,
    serialise_ms: serialise,
    total_ms: total,
    batch_rows: report.batchRows,
  };
}
