import { Injectable } from '@nestjs/common';

import { toVerdictDto } from '../http/dto/verdict.dto.js';
import { howToWin, whyServed } from '../registry/selection/selection-reasons.js';
import { ModelRegistryService } from '../registry/model-registry.service.js';
import type { RegisteredModel } from '../registry/state/registered-run.js';
import { toPinDto } from './dto/control.dto.js';
import type { HistoryDto, ServedDto } from './dto/control.dto.js';
import type { ModelDto, ModelSchemaDto, SelectionDto } from './dto/model.dto.js';

/** What clients may know of models. */
@Injectable()
export class ModelsService {
  constructor(private readonly registry: ModelRegistryService) {}

  listModels(): ModelDto[] {
    return this.registry.listModels().map((model) => this.toDto(model));
  }

  /** @throws AppError MODEL_NOT_FOUND. */
  getModel(name: string): ModelDto {
    return this.toDto(this.registry.getModel(name));
  }

  /** @throws AppError MODEL_NOT_FOUND. */
  getSelection(name: string): SelectionDto {
    const model = this.registry.getModel(name);
    const { card, best, runs, unreadable, pin, rejected: refused } = model;
    return {
      policy: card.selection as SelectionDto['policy'],
      best_run_id: best?.registered.run.run_id ?? null,
      why: whyServed(model),
      to_win: howToWin(model),
      pin: pin ? toPinDto(pin) : null,
      refused: refused ? { run_id: refused.run_id, differences: [...refused.differences] } : null,
      ranking: runs.map(({ rank, run, value, verdict }) => ({
        rank,
        run_id: run.run_id,
        name: run.name,
        value,
        verdict: toVerdictDto(verdict),
      })),
      unreadable: unreadable.map(({ location, reasons }) => ({
        place: location,
        verdict: toVerdictDto({ eligible: false, reasons, warnings: [] }),
      })),
    };
  }

  /** What happened to the run that serves. @throws AppError MODEL_NOT_FOUND. */
  async getHistory(name: string): Promise<HistoryDto> {
    const history = await this.registry.readHistory(name);
    return { history: history.map((event) => ({ ...event })) };
  }

  /** @throws AppError MODEL_NOT_FOUND. */
  getServing(name: string): ServedDto {
    const { best, pin } = this.registry.getModel(name);
    return {
      model: name,
      run_id: best?.loaded.run.run_id ?? null,
      contract: best?.loaded.contract ?? null,
      pin: pin ? toPinDto(pin) : null,
    };
  }

  /** @throws AppError MODEL_NOT_FOUND, MODEL_NOT_READY. */
  getSchema(name: string): ModelSchemaDto {
    const { best } = this.registry.getReadyModel(name);
    const { signature, examples } = best.registered.run;
    return {
      input: signature.input,
      output: signature.output,
      example: examples[0]!,
      contract: best.loaded.contract,
    };
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
