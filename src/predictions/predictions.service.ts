import { Injectable } from '@nestjs/common';

import type { RequestClock } from '../http/request/prediction-context.decorator.js';
import { acceptsContract } from '../http/request/contract-header.js';
import { bodyShapeIssue } from '../http/validation/pydantic-v1-rules.js';
import { AppConfig } from '../config/app-config.js';
import { AppError } from '../domain/app-error.js';
import type { JsonObject } from '../lib/json.js';
import { TEXT_FIELD, acceptsTexts } from '../domain/text-input.js';
import type { Location, ValidationIssue } from '../domain/validation-issue.js';
import { MAX_ISSUES, ValidationError } from '../domain/validation-issue.js';
import { ModelRegistryService } from '../registry/model-registry.service.js';
import type { Best, RegisteredRun } from '../registry/state/registered-run.js';
import type { LoadedRun } from '../registry/loading/loaded-run.js';
import { candidatesOf, chooseModel } from './choose-model.js';
import type {
  AnyPredictionsRequestDto,
  PredictPayload,
  PredictionsDto,
  PredictionsRequestDto,
} from './dto/predictions.dto.js';

/** Query parameter that asks for on-request fields, unless the model has an input of that name. */
const INCLUDE = 'include';

/** Rows on their way down: the values, where each sits, and how strictly it is read. */
interface Rows {
  readonly values: readonly unknown[];
  readonly locOf: (index: number) => Location;
  readonly source: 'body' | 'query';
  readonly mode: 'strict' | 'types-only';
  readonly include: readonly string[];
  /** Place of `include[i]`. */
  readonly includeLoc: (index: number) => Location;
}

/** The corridor of a prediction: find the run, hand it the rows, shape the answer. */
@Injectable()
export class PredictionsService {
  constructor(
    private readonly registry: ModelRegistryService,
    private readonly config: AppConfig,
  ) {}

  /** With the best run of a model. @throws AppError MODEL_NOT_FOUND, MODEL_NOT_READY, or as `ServedRun.predict`. */
  predictWithModel(
    name: string,
    body: PredictionsRequestDto,
    signal: AbortSignal,
    clock?: RequestClock,
  ): Promise<PredictionsDto> {
    return this.predictWith(this.registry.getReadyModel(name).best.registered, this.inputRows(body), signal, clock);
  }

  /** With any run. @throws AppError RUN_NOT_FOUND, RUN_NOT_SERVABLE. */
  predictWithRun(
    runId: string,
    body: PredictionsRequestDto,
    signal: AbortSignal,
    clock?: RequestClock,
  ): Promise<PredictionsDto> {
    return this.predictWith(this.registry.getRun(runId), this.inputRows(body), signal, clock);
  }

  /** With the run or the model that the body names, else the default model. */
  predictWithNamed(body: AnyPredictionsRequestDto, signal: AbortSignal, clock?: RequestClock): Promise<PredictionsDto> {
    return this.predictWith(this.namedRun(body), this.inputRows(body), signal, clock);
  }

  /** One row from a query. */
  predictFromQuery(
    name: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
    clock?: RequestClock,
  ): Promise<PredictionsDto> {
    const { registered } = this.registry.getReadyModel(name).best;
    const { [INCLUDE]: asked, ...rest } = query;
    const ownsInclude = Object.hasOwn(registered.run.signature.input.properties, INCLUDE);
    const rows: Rows = {
      values: [ownsInclude ? query : rest],
      locOf: () => ['query'],
      source: 'query',
      mode: 'strict',
      include: ownsInclude ? [] : (asked ?? '').split(',').filter(Boolean),
      includeLoc: () => ['query', INCLUDE],
    };
    return this.predictWith(registered, rows, signal, clock);
  }

  /** Texts, as the seed sends them, with a run or else with the default model. */
  predictTexts(
    { texts }: PredictPayload,
    signal: AbortSignal,
    clock?: RequestClock,
    runId?: string,
  ): Promise<PredictionsDto> {
    const registered =
      runId === undefined ? this.registry.getDefaultModel().best.registered : this.registry.getRun(runId);
    requireTextModel(registered);
    this.requireFewRows(texts.length, ['body', 'texts']);
    const rows: Rows = {
      values: texts.map(({ text }) => ({ [TEXT_FIELD]: text })),
      locOf: (index) => ['body', 'texts', index],
      source: 'body',
      mode: 'strict',
      include: [],
      includeLoc: () => ['body'],
    };
    return this.predictWith(registered, rows, signal, clock);
  }

  /**
   * The bare output row of the model that the fields belong to: its primary field(s) only. Types are checked, enums and
   * ranges are not: these routes keep the seed's contract, which has none (docs/decisions/0003).
   */
  async predictBare(
    row: unknown,
    source: 'body' | 'query',
    signal: AbortSignal,
    clock?: RequestClock,
  ): Promise<JsonObject> {
    const problem = source === 'body' ? bodyShapeIssue(row) : undefined;
    if (problem) throw new ValidationError([problem]);
    const fields = Array.isArray(row) ? {} : (row as JsonObject);
    const models = this.registry.listReadyModels();
    const { best } = chooseModel(models, Object.keys(fields), source);
    const isEmpty = Object.keys(fields).length === 0;
    const rows: Rows = {
      values: [fields],
      locOf: () => [source],
      source,
      mode: 'types-only',
      include: [],
      includeLoc: () => [source],
    };
    const [prediction] = await this.predictRows(best, rows, signal, clock).catch((error: unknown) => {
      // Without any field the choice was a guess: name the other models too.
      if (isEmpty && error instanceof ValidationError) throw new ValidationError(error.issues, candidatesOf(models));
      throw error;
    });
    const primary = best.loaded.codec.decoder.primaryFields;
    return Object.fromEntries(primary.map((field) => [field, prediction![field]!]));
  }

  private async predictWith(
    registered: RegisteredRun,
    rows: Rows,
    signal: AbortSignal,
    clock?: RequestClock,
  ): Promise<PredictionsDto> {
    const predictions = await this.registry.useRun(registered, (served) =>
      this.predictRows({ registered, loaded: served }, rows, signal, clock),
    );
    return { model: registered.card.name, run_id: registered.run.run_id, predictions };
  }

  private predictRows(asked: Best, rows: Rows, signal: AbortSignal, clock?: RequestClock): Promise<JsonObject[]> {
    const { loaded: served } = asked;
    const { values, locOf, source, mode } = rows;
    if (clock) settleContract(asked, clock);
    const include = checkedInclude(served, rows);
    const { timeoutMs: patienceMs = Infinity, sinceMs, timing } = clock ?? {};
    const timeoutMs = Math.min(patienceMs, this.config.predictionTimeoutMs);
    return served.predict(values, { locOf, source, mode, include, signal, timeoutMs, sinceMs, timing });
  }

  private namedRun({ model, run_id: runId }: AnyPredictionsRequestDto): RegisteredRun {
    if (runId === undefined) {
      return (model === undefined ? this.registry.getDefaultModel() : this.registry.getReadyModel(model)).best
        .registered;
    }
    const registered = this.registry.getRun(runId);
    if (model === undefined || this.registry.getModel(model).card === registered.card) return registered;
    const msg = `this run belongs to the model ${registered.card.name}`;
    throw new ValidationError([{ loc: ['body', 'run_id'], msg, type: 'value_error' }]);
  }

  private inputRows({ inputs, include = [] }: PredictionsRequestDto): Rows {
    this.requireFewRows(inputs.length, ['body', 'inputs']);
    return {
      values: inputs,
      locOf: (index) => ['body', 'inputs', index],
      source: 'body',
      mode: 'strict',
      include,
      includeLoc: (index) => ['body', INCLUDE, index],
    };
  }

  private requireFewRows(count: number, loc: Location): void {
    const limit = this.config.maxRowsPerRequest;
    if (count <= limit) return;
    const msg = `ensure this value has at most ${limit} items`;
    throw new ValidationError([{ loc, msg, type: 'value_error.list.max_items', ctx: { limit_value: limit } }]);
  }
}

/** Tells the client which contract it gets, and refuses when it was written for another. */
function settleContract({ registered, loaded: served }: Best, clock: RequestClock): void {
  const { run, contract } = served;
  clock.tellContract(contract);
  const wanted = clock.acceptedContracts;
  if (acceptsContract(wanted, contract)) return;
  const facts = { model: registered.card.name, runId: run.run_id, contract, wanted: wanted.join(' or ') };
  throw new AppError('CONTRACT_CHANGED', facts);
}

function requireTextModel({ card, run }: RegisteredRun): void {
  if (acceptsTexts(run.signature.input)) return;
  const msg = `the model ${card.name} does not take texts: send inputs to /models/${card.name}/predictions`;
  throw new ValidationError([{ loc: ['body', 'texts'], msg, type: 'value_error' }]);
}

/** A field that is given anyway may be asked for: clients of a run that gives it on request only do. */
function checkedInclude(served: LoadedRun, { include, includeLoc }: Rows): ReadonlySet<string> {
  const known = served.onRequestFields;
  const permitted = known.map((field) => `'${field}'`).join(', ') || 'none, this run has no fields on request';
  const msg = `value is not a valid enumeration member; permitted: ${permitted}`;
  const problems: ValidationIssue[] = [];
  include.forEach((name, i) => {
    const isOutput = Object.hasOwn(served.run.signature.output.properties, name);
    if (isOutput || problems.length >= MAX_ISSUES) return;
    problems.push({ loc: includeLoc(i), msg, type: 'type_error.enum', ctx: { enum_values: [...known] } });
  });
  if (problems.length > 0) throw new ValidationError(problems);
  return new Set(include.filter((name) => known.includes(name)));
}
