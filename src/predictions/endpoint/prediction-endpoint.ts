import { Injectable, Logger } from '@nestjs/common';

import { maxCharactersToMatch } from '../../row-reading/matching-cost.js';
import { AppConfig } from '../../config/app-config.js';
import { PredictionTiming } from '../../domain/prediction-timing.js';
import type { RowSchema } from '../../domain/signature.js';
import { TEXT_FIELD } from '../../domain/input/text-input.js';
import { ValidationError } from '../../domain/validation-issue.js';
import { EndpointAnswer, HttpEndpoint } from '../../http/endpoint/http-endpoint.js';
import type { EndpointCall, RequestExchange } from '../../http/endpoint/http-endpoint.js';
import { errorAnswer } from '../../http/errors/error-answer.js';
import { logServerError } from '../../http/errors/log-server-error.js';
import { toAppError } from '../../http/errors/to-app-error.js';
import { CONTRACT_HEADER } from '../../http/request/contract-header.js';
import { parseJsonBody } from '../../domain/input/json-body.js';
import { LARGE_BODY_BYTES, turnOfBody } from '../../http/request/large-body-scheduler.js';
import type { RequestHead } from '../../http/request/request-head.js';
import { MAX_INLINE_BYTES, RowReader } from '../../row-reading/row-reader.js';
import { valueBoundsOf } from '../../row-reading/value-bounds.js';
import type { ValueBounds } from '../../row-reading/value-bounds.js';
import { PredictionTargets } from '../prediction-targets.js';
import type { PredictionTarget } from '../prediction-targets.js';
import { PredictionsService } from '../predictions.service.js';
import type { PredictionContext, RowsForRun } from '../predictions.service.js';
import type { PredictionRequest } from './endpoint-request.decorator.js';
import { bodyFormOf, rowsOfBody, rowsOfOutline, rowsOfQuery, targetOf } from './parse-rows.js';
import type { RequestedRows } from './parse-rows.js';
import { bareAnswer, envelopeAnswer } from './prediction-answer.js';
import type { PredictionRoute } from './prediction-route.js';
import { readFacts } from './request-facts.js';
import type { RequestFacts } from './request-facts.js';
import { RouteTable } from './route-table.js';

/**
 * Predictions over HTTP, free of any transport: a head, a body, the caller's signal and arrival time go in; the whole
 * answer comes out, errors included. Every transport calls this object, so all of them answer the same.
 *
 * In this order: the head (`request-facts.ts`), target and rows (`parse-rows.ts`), then run, contract and prediction
 * (`PredictionsService`, which knows no HTTP), then the answer (`prediction-answer.ts`, or `http/errors/error-answer.ts`).
 */
@Injectable()
export class PredictionEndpoint extends HttpEndpoint {
  private readonly logger = new Logger(PredictionEndpoint.name);

  constructor(
    private readonly routes: RouteTable,
    private readonly predictions: PredictionsService,
    private readonly targets: PredictionTargets,
    private readonly reader: RowReader,
    private readonly config: AppConfig,
  ) {
    super();
  }

  hasRoute(method: string, path: string): boolean {
    return this.routes.find(method, path) !== undefined;
  }

  find(head: RequestHead): EndpointCall | undefined {
    const matched = this.routes.find(head.method, head.url.split('?', 1)[0]!);
    if (!matched) return undefined;
    const facts = readFacts(matched, head, this.config);
    return (exchange) => this.answer(facts, exchange);
  }

  /** Answers a request whose route Nest has found. Never rejects. */
  handle({ route, params, head, exchange }: PredictionRequest): Promise<EndpointAnswer> {
    return this.answer(readFacts({ route, params }, head, this.config), exchange);
  }

  private async answer(facts: RequestFacts, exchange: RequestExchange): Promise<EndpointAnswer> {
    const context: PredictionContext = {
      timeoutMs: facts.timeoutMs,
      sinceMs: exchange.receivedAtMs,
      signal: exchange.signal,
      acceptedContracts: facts.acceptedContracts,
      timing: new PredictionTiming(),
    };
    try {
      if (facts.error) throw facts.error;
      const read = this.readRows(facts, exchange, context);
      const { target, rows } = read instanceof Promise ? await read : read;
      if (facts.route.isBare) return await this.predictBare(target, rows, context);
      return envelopeAnswer(facts.writeEnvelope, await this.predictions.predictText(target, rows, context), context);
    } catch (error) {
      return this.refuse(error, facts, exchange, context);
    }
  }

  /** What the request asks for; a promise only where its body has yet to arrive, or to wait for its turn. */
  private readRows(
    facts: RequestFacts,
    exchange: RequestExchange,
    context: PredictionContext,
  ): RequestedRows | Promise<RequestedRows> {
    const { route, params, query } = facts;
    const { timing } = context;
    if (route.rows === 'query') return rowsOfQuery(route, params, query);
    const parse = (bytes: Buffer): RequestedRows => {
      const startMs = performance.now();
      const body = parseJsonBody(bytes);
      timing.parseMs = performance.now() - startMs;
      return rowsOfBody(route, params, body, this.config.unknownMembers);
    };
    const read = exchange.readBody();
    if (Buffer.isBuffer(read) && read.length < LARGE_BODY_BYTES && this.isShort(read, facts)) return parse(read);
    return Promise.resolve(read).then(async (bytes) => {
      if (!this.isShort(bytes, facts)) return this.readElsewhere(facts, bytes, context);
      timing.bodyWaitMs = (await turnOfBody(bytes.length)) ?? 0;
      return parse(bytes);
    });
  }

  /** Whether nobody waits for a body to be read here, nor for its texts to be held against the patterns of its fields. */
  private isShort({ length }: Buffer, { route, params }: RequestFacts): boolean {
    if (length <= ALWAYS_SHORT_BYTES) return true;
    if (length > MAX_INLINE_BYTES) return false;
    return length <= maxCharactersToMatch(this.targets.servedInputsOf(targetOf(route, params)));
  }

  /** A large body is read in a thread, so that nobody waits for it. */
  private async readElsewhere(
    { route, params }: RequestFacts,
    bytes: Buffer,
    { timing, sinceMs, signal, timeoutMs: wantedMs }: PredictionContext,
  ): Promise<RequestedRows> {
    const { maxRowsPerRequest: maxRows, bodyLimitBytes, predictionTimeoutMs, unknownMembers } = this.config;
    const timeoutMs = Math.min(wantedMs, predictionTimeoutMs);
    const startMs = performance.now();
    const rows = this.reader.open(bytes, bodyFormOf(route));
    const values = this.valueBounds(route, params);
    const bounds = { maxRows, maxStructures: maxStructuresOf(maxRows, bodyLimitBytes), values };
    const outline = await this.reader.outline(rows, bounds, { deadlineMs: sinceMs + timeoutMs, timeoutMs, signal });
    timing.parseMs = performance.now() - startMs;
    return rowsOfOutline(route, params, outline, rows, unknownMembers);
  }

  /** What a body may hold, by the run that its rows are for, or by all runs where only the body tells which it is. */
  private valueBounds(route: PredictionRoute, params: RequestFacts['params']): ValueBounds | undefined {
    if (route.rows === 'texts') return valueBoundsOf([TEXT_ROW], true);
    return valueBoundsOf(this.targets.inputsOf(targetOf(route, params)), this.config.unknownMembers === 'ignore');
  }

  private async predictBare(
    target: PredictionTarget,
    rows: RowsForRun,
    context: PredictionContext,
  ): Promise<EndpointAnswer> {
    try {
      return bareAnswer(await this.predictions.predict(target, rows, context), context);
    } catch (error) {
      const isGuess = target.kind === 'fields' && target.names.length === 0;
      if (!isGuess || !(error instanceof ValidationError)) throw error;
      // Without any field the choice was a guess: name the other models too.
      throw new ValidationError(error.issues, this.targets.listCandidates());
    }
  }

  private refuse(
    thrown: unknown,
    { method, url, accept, route }: RequestFacts,
    { requestId, signal }: RequestExchange,
    { contract, subject }: PredictionContext,
  ): EndpointAnswer {
    const error = toAppError(thrown);
    // Nobody is left to tell; giving up the work was the right thing, not a fault.
    if (!signal.aborted) logServerError(this.logger, error, requestId, subject);
    const { hasBareErrors } = route;
    const answer = errorAnswer(error, { method, url, requestId, accept, hasBareErrors });
    if (contract === undefined) return answer;
    return new EndpointAnswer(answer.status, [...answer.headers, CONTRACT_HEADER, contract], answer.body, subject);
  }
}

/** What is read of the rows of the short routes. */
const TEXT_ROW: RowSchema = { type: 'object', properties: { [TEXT_FIELD]: { type: 'string' } } };

/** No pattern that is allowed takes long with so little, bytes. */
const ALWAYS_SHORT_BYTES = 1_500;

/** Objects, lists and members that a row may come to; rows of more are few, because of what a body may hold. */
const STRUCTURES_PER_ROW = 200;
/** Bytes that each takes in a large body at least, unless the body was made to cost much. */
const BYTES_PER_STRUCTURE = 5;

function maxStructuresOf(maxRows: number, bodyLimitBytes: number): number {
  return Math.max(maxRows * STRUCTURES_PER_ROW, Math.floor(bodyLimitBytes / BYTES_PER_STRUCTURE));
}
