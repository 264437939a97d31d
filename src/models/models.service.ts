import { Injectable } from '@nestjs/common';

import { DEFAULT_PAGE } from '../http/dto/page.query.dto.js';
import type { PageQueryDto } from '../http/dto/page.query.dto.js';
import type { ParamsDto } from '../http/dto/report.dto.js';
import { toVerdictDto } from '../http/dto/verdict.dto.js';
import { Page } from '../http/response/page.js';
import type { JsonObject } from '../lib/json/json.js';
import { shortExample } from '../lib/json/short-example.js';
import { paramOf, performanceOf } from '../registry/run-report.js';
import { howToWin, whyServed } from '../registry/selection/selection-reasons.js';
import { ModelRegistryService } from '../registry/model-registry.service.js';
import type { Run } from '../domain/run.js';
import { withShortRowExamples } from '../domain/short-schema.js';
import type { RegisteredModel, RegisteredRun } from '../registry/state/registered-run.js';
import { toPinDto } from './dto/control.dto.js';
import type { HistoryDto } from './dto/control.dto.js';
import type { ModelDto, ModelListDto, ModelSchemaDto, SelectionDto } from './dto/model.dto.js';

/** Describes models for clients. */
@Injectable()
export class ModelsService {
  constructor(private readonly registry: ModelRegistryService) {}

  listModels(): ModelListDto {
    return { models: this.registry.listModels().map((model) => this.toDto(model)) };
  }

  /** @throws AppError MODEL_NOT_FOUND. */
  getModel(name: string): ModelDto {
    return this.toDto(this.registry.getModel(name));
  }

  /**
   * Why the best run is the best, and a page of the runs: those with a rank, then the folders that hold none. Who serves,
   * who is pinned and who comes next is said whatever the page.
   *
   * @throws AppError MODEL_NOT_FOUND.
   */
  getSelection(name: string, { limit = DEFAULT_PAGE, offset = 0 }: PageQueryDto = {}): Page<SelectionDto> {
    const model = this.registry.getModel(name);
    const { card, best, runs, unreadable, pin, rejected: refused } = model;
    const total = runs.length + unreadable.length;
    const pageEnd = offset + limit;
    const [unreadableStart, unreadableEnd] = [offset, pageEnd].map((place) => Math.max(0, place - runs.length));
    const content: SelectionDto = {
      policy: card.selection as SelectionDto['policy'],
      best_run_id: best?.registered.run.run_id ?? null,
      why: whyServed(model),
      to_win: howToWin(model),
      pin: pin ? toPinDto(pin) : null,
      refused: refused ? { run_id: refused.run_id, differences: [...refused.differences] } : null,
      ...keyRunsOf(model),
      ranking: runs.slice(offset, pageEnd).map(toRankedRun),
      unreadable: unreadable.slice(unreadableStart, unreadableEnd).map(toUnreadableRun),
      total,
      unreadable_total: unreadable.length,
    };
    return new Page(content, { limit, offset, total });
  }

  /** What happened to the run that serves. @throws AppError MODEL_NOT_FOUND. */
  async getHistory(name: string): Promise<HistoryDto> {
    const history = await this.registry.readHistory(name);
    return { history: history.map((event) => ({ ...event })) };
  }

  /** @throws AppError MODEL_NOT_FOUND, MODEL_NOT_READY. */
  getSchema(name: string): ModelSchemaDto {
    const { best } = this.registry.getReadyModel(name);
    const { signature, examples } = best.registered.run;
    const { input, output } = examples[0]!;
    return {
      input: withShortRowExamples(signature.input),
      output: withShortRowExamples(signature.output),
      example: { input: shortExample(input), output: shortExample(output) },
      contract: best.loaded.contract,
    };
  }

  /**
   * The best run's report, or the part at a dotted path.
   *
   * @param name  of the model; undefined for the default one.
   * @throws AppError MODEL_NOT_FOUND, MODEL_NOT_READY, PERFORMANCE_NOT_FOUND.
   */
  getPerformance(name: string | undefined, filter: string | undefined): JsonObject {
    return performanceOf(this.bestRunOf(name), filter);
  }

  /**
   * The best run's parameters.
   *
   * @param name  of the model; undefined for the default one.
   * @throws AppError MODEL_NOT_FOUND, MODEL_NOT_READY.
   */
  listParams(name?: string): ParamsDto {
    return { params: this.bestRunOf(name).params };
  }

  /**
   * One of the best run's parameters, under its own name.
   *
   * @param name  of the model; undefined for the default one.
   * @throws AppError MODEL_NOT_FOUND, MODEL_NOT_READY, PARAM_NOT_FOUND.
   */
  getParam(name: string | undefined, param: string): JsonObject {
    return paramOf(this.bestRunOf(name), param);
  }

  private bestRunOf(name: string | undefined): Run {
    const model = name === undefined ? this.registry.getDefaultModel() : this.registry.getReadyModel(name);
    return model.best.registered.run;
  }

  private toDto(model: RegisteredModel): ModelDto {
    const { card, best, runs, unreadable } = model;
    const self = `/models/${card.name}`;
    return {
      name: card.name,
      title: card.title,
      description: card.description,
      task: card.task,
      is_default: this.registry.findDefaultModel() === model,
      ready: best !== undefined,
      owners: [...(card.owners ?? [])],
      licence: card.license ?? card.licence ?? null,
      best_run_id: best?.registered.run.run_id ?? null,
      metric: card.selection.metric,
      value: best?.registered.value ?? null,
      contract: best?.loaded.contract ?? null,
      run_count: runs.length + unreadable.length,
      links: {
        self,
        predictions: `${self}/predictions`,
        schema: `${self}/schema`,
        selection: `${self}/selection`,
        history: `${self}/history`,
        runs: `${self}/runs`,
        performance: `${self}/performance`,
        params: `${self}/params`,
      },
    };
  }
}

/** The runs of a model that a reader asks for first. */
function keyRunsOf({ best, runs, pin }: RegisteredModel): Pick<SelectionDto, 'champion' | 'pinned' | 'next'> {
  const servedId = best?.registered.run.run_id;
  const find = (isMeant: (registered: RegisteredRun) => boolean) => {
    const found = runs.find(isMeant);
    return found ? toRankedRun(found) : null;
  };
  return {
    champion: find(({ run }) => run.run_id === servedId),
    pinned: pin ? find(({ run }) => run.run_id === pin.run_id) : null,
    next: find(({ run, isCandidate, verdict }) => run.run_id !== servedId && isCandidate && verdict.eligible),
  };
}

function toRankedRun({ rank, run, value, verdict }: RegisteredRun): SelectionDto['ranking'][number] {
  return { rank, run_id: run.run_id, name: run.name, value, verdict: toVerdictDto(verdict) };
}

function toUnreadableRun({
  location,
  reasons,
}: RegisteredModel['unreadable'][number]): SelectionDto['unreadable'][number] {
  return { place: location, verdict: toVerdictDto({ eligible: false, reasons, warnings: [] }) };
}
