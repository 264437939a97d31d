import { Injectable } from '@nestjs/common';

import { numberOrNull } from '../domain/numeric.js';
import { ValidationError } from '../domain/validation-issue.js';
import { DEFAULT_PAGE } from '../http/dto/page.query.dto.js';
import { toVerdictDto } from '../http/dto/verdict.dto.js';
import { notOneOfIssue } from '../http/validation/pydantic-v1-rules.js';
import { contractHashOf } from '../registry/contract/contract-hash.js';
import type { LoadedRun } from '../registry/loading/loaded-run.js';
import { ModelRegistryService } from '../registry/model-registry.service.js';
import { paramOf, performanceOf } from '../registry/run-report.js';
import type { RegisteredRun } from '../registry/state/registered-run.js';
import type { ListModelRunsQueryDto, ListRunsQueryDto } from './dto/list-runs.query.dto.js';
import { DEFAULT_POINTS } from './dto/metric.dto.js';
import type { MetricDto, MetricQueryDto } from './dto/metric.dto.js';
import type { ParamsDto } from '../http/dto/report.dto.js';
import type { JsonObject } from '../lib/json/json.js';
import type { RunDetailDto, RunDto, RunListDto } from './dto/run.dto.js';
import { Page } from '../http/response/page.js';
import { describeMetric } from './metric-history.js';
import { sortRuns } from './sort-runs.js';

/** Describes runs for clients. */
@Injectable()
export class RunsService {
  constructor(private readonly registry: ModelRegistryService) {}

  /**
   * A page of runs: filtered, sorted, cut to `top`, then to the page.
   *
   * @throws ValidationError for an unknown model or sort field.
   */
  listRuns(query: ListRunsQueryDto): Page<RunListDto> {
    const { model, status, sort, top = Infinity, limit = DEFAULT_PAGE, offset = 0 } = query;
    const runs = model === undefined ? this.registry.listRuns() : this.runsOf(model);
    const matching = status === undefined ? runs : runs.filter(({ run }) => run.status === status);
    const selected = sortRuns(matching, sort).slice(0, top);
    const total = selected.length;
    const page = selected.slice(offset, offset + limit);
    return new Page({ runs: page.map((run) => this.toDto(run)), total }, { limit, offset, total });
  }

  /** The same for one model. @throws AppError MODEL_NOT_FOUND; ValidationError for an unknown sort field. */
  listModelRuns(name: string, query: ListModelRunsQueryDto): Page<RunListDto> {
    return this.listRuns({ ...query, model: this.registry.getModel(name).card.name });
  }

  /** @throws AppError RUN_NOT_FOUND. */
  getRun(runId: string): RunDetailDto {
    const registered = this.registry.getRun(runId);
    const { run } = registered;
    const loaded = this.registry.findLoaded(registered);
    return {
      ...this.toDto(registered),
      ...(run.description !== undefined && { description: run.description }),
      performance: run.performance,
      contract: contractHashOf(run),
      sha256: run.model.sha256 ?? null,
      backend: loaded?.backend ?? null,
      notes: [...(loaded?.notes ?? [])],
      memory: loaded?.memory ?? null,
      trial: loaded?.trialReport ? toTrialDto(loaded.trialReport) : null,
      loaded_at: loaded?.loadedAt.toISOString() ?? null,
    };
  }

  /** The report, or the part at a dotted path. @throws AppError RUN_NOT_FOUND, PERFORMANCE_NOT_FOUND. */
  getPerformance(runId: string, filter: string | undefined): JsonObject {
    return performanceOf(this.registry.getRun(runId).run, filter);
  }

  /** @throws AppError RUN_NOT_FOUND. */
  listParams(runId: string): ParamsDto {
    return { params: this.registry.getRun(runId).run.params };
  }

  /** @throws AppError RUN_NOT_FOUND, PARAM_NOT_FOUND. */
  getParam(runId: string, param: string): JsonObject {
    return paramOf(this.registry.getRun(runId).run, param);
  }

  /** @throws AppError RUN_NOT_FOUND, METRIC_NOT_FOUND or STORE_NOT_READABLE. */
  async getMetric(runId: string, metric: string, { points = DEFAULT_POINTS }: MetricQueryDto): Promise<MetricDto> {
    return describeMetric(this.registry.getRun(runId), metric, points);
  }

  /** A run as lists show it. */
  toDto(registered: RegisteredRun): RunDto {
    const { run, card } = registered;
    return {
      run_id: run.run_id,
      model: card.name,
      name: run.name,
      status: run.status,
      rank: registered.rank,
      is_best: this.registry.isBest(registered),
      state: registered.state,
      format: run.model.format,
      started_at: run.started_at,
      ended_at: run.ended_at ?? null,
      metrics: mapValues(run.metrics, numberOrNull),
      params: run.params,
      tags: { ...run.tags },
      verdict: toVerdictDto(registered.verdict),
    };
  }

  private runsOf(model: string): readonly RegisteredRun[] {
    const known = this.registry.listModels();
    const found = known.find(({ card }) => card.name === model);
    if (found) return found.runs;
    throw new ValidationError([
      notOneOfIssue(
        ['query', 'model'],
        known.map(({ card }) => card.name),
      ),
    ]);
  }
}

function toTrialDto({ peakBytes, loadMs, callMs }: NonNullable<LoadedRun['trialReport']>): RunDetailDto['trial'] {
  const round = (ms: number) => Number(ms.toFixed(3));
  return { peak_bytes: peakBytes, load_ms: round(loadMs), call_ms: round(callMs) };
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
