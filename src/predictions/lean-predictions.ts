import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { handOver } from '../common/http/handed-over.js';
import type { HandedOver } from '../common/http/handed-over.js';
import { readBody } from '../common/http/read-body.js';
import { requestIdFor } from '../common/http/request-id.middleware.js';
import { baseUrl } from '../common/http/request-url.js';
import type { AppConfig } from '../config/app-config.js';
import { parseJson, stringifyJson } from '../domain/json-text.js';
import { isJsonObject } from '../domain/json.js';
import type { JsonObject } from '../domain/json.js';
import type { Location } from '../domain/validation-problem.js';
import { ValidationError } from '../domain/validation-problem.js';
import type { ServedModel } from '../registry/model-registry.service.js';
import type { RegisteredModel } from '../registry/registered-run.js';
import { isForTexts } from './choose-model.js';

/**
 * The short way of a prediction that is entirely as it should be.
 *
 * Express, Nest and their pipes, guards and interceptors cost several times what the model does. Almost all of the load
 * is one kind of request: POST or PUT of plain JSON to a prediction route, well-formed and within the contract. Those
 * are recognised by their address and headers and answered here: body, validator, encoder, queue, decoder, answer, all
 * of them the same pieces that the ordinary way uses. The moment anything is unusual (another header, a body that is
 * not JSON or breaks the contract, a failure) the request goes the ordinary way with what was read so far, which decides
 * alone what is answered. So this way never makes an error of its own: it gives the right answer, or none.
 */
export class LeanPredictions {
  private readonly routesByUrl: ReadonlyMap<string, LeanRoute>;

  constructor(
    models: readonly ServedModel[],
    defaultModel: RegisteredModel,
    private readonly config: AppConfig,
    private readonly tools: LeanTools,
  ) {
    const routes = new Map<string, LeanRoute>();
    for (const model of models) routes.set(`/models/${model.card.name}/predictions`, inputsRoute(model));
    const short = models.find((model) => model.card === defaultModel.card);
    if (short) {
      routes.set('/predictions', { ...inputsRoute(short), refusedKeys: ['model', 'run_id'] });
      if (isForTexts(short)) for (const url of ['/predict', '/prediction']) routes.set(url, textsRoute(short));
    }
    this.routesByUrl = routes;
  }

  /** Whether the request goes the short way; it is answered (or handed over) later then. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const route = this.routesByUrl.get(request.url!);
    if (!route?.methods.includes(request.method!) || !this.isPlain(request)) return false;
    const exchange = this.begin(request, response);
    readBody(request, Number(request.headers['content-length']), (bytes) => {
      const rows = rowsOf(bytes, route, this.config.maxRowsPerRequest);
      if (!rows) return this.giveUp(exchange, { bytes });
      this.answer(exchange, route, rows, bytes);
    });
    return true;
  }

  /** Notes the arrival; when the client goes away before the answer, the work is dropped and the log says so. */
  private begin(request: IncomingMessage, response: ServerResponse): Exchange {
    const requestId = requestIdFor(request.headers['x-request-id']);
    const exchange: Exchange = {
      request,
      response,
      requestId,
      arrivedAtMs: performance.now(),
      abort: new AbortController(),
      isGivenUp: false,
    };
    response.once('close', () => {
      if (exchange.isGivenUp) return;
      const isAnswered = response.writableFinished;
      if (!isAnswered) exchange.abort.abort();
      this.tools.log?.(request, requestId, isAnswered ? 200 : 499, exchange.arrivedAtMs);
    });
    return exchange;
  }

  /** Whether every header is one this way understands. */
  private isPlain({ headers }: IncomingMessage): boolean {
    const { accept, origin } = headers;
    const length = Number(headers['content-length'] ?? 0);
    return (
      length > 0 &&
      length <= this.config.bodyLimitBytes &&
      PLAIN_TYPES.has(headers['content-type']) &&
      (accept === undefined || accept === '*/*' || accept === 'application/json') &&
      (origin === undefined || this.config.corsOrigins === '*') &&
      headers['content-encoding'] === undefined &&
      headers['transfer-encoding'] === undefined &&
      headers.expect === undefined &&
      !this.config.trustProxy
    );
  }

  private answer(exchange: Exchange, route: LeanRoute, rows: readonly unknown[], bytes: Buffer): void {
    const { served, registered } = route.model.best;
    served
      .predict(rows, {
        locOf: route.locOf,
        source: 'body',
        mode: 'strict',
        include: NOTHING,
        timeoutMs: this.config.predictionTimeoutMs,
        signal: exchange.abort.signal,
      })
      .then(
        (predictions) => {
          const { run_id: runId } = registered.run;
          const data = { model: registered.card.name, run_id: runId, predictions };
          this.write(exchange, data);
        },
        (error: unknown) => {
          if (exchange.request.socket.destroyed) return;
          this.giveUp(exchange, error instanceof ValidationError ? { bytes } : { bytes, error });
        },
      );
  }

  private write({ request, response, requestId }: Exchange, data: object): void {
    const url = baseUrl(request as never, this.config.publicUrl) + request.url!;
    const body =
      `{"message":"OK","method":"${request.method}","status-code":200,"timestamp":"${new Date().toISOString()}",` +
      `"url":${JSON.stringify(url)},"data":${stringifyJson(data)}}`;
    const length = String(Buffer.byteLength(body));
    response.writeHead(200, ['X-Request-Id', requestId, ...this.tools.headers, 'Content-Length', length]);
    response.end(body);
  }

  private giveUp(exchange: Exchange, note: HandedOver): void {
    exchange.isGivenUp = true;
    handOver(exchange.request, note);
    this.tools.ordinary(exchange.request, exchange.response);
  }
}

/** What the short way shares with the ordinary one. */
export interface LeanTools {
  /** Headers of every answer: names and values in turn. */
  readonly headers: readonly string[];
  /** The ordinary way. */
  readonly ordinary: (request: IncomingMessage, response: ServerResponse) => void;
  /** Writes the line of the access log; absent when requests are not logged. */
  readonly log?: (request: IncomingMessage, requestId: string, status: number, arrivedAtMs: number) => void;
}

/** A request on the short way. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly arrivedAtMs: number;
  readonly abort: AbortController;
  /** Whether the ordinary way has it now, which then logs it too. */
  isGivenUp: boolean;
}

interface LeanRoute {
  readonly model: ServedModel;
  readonly methods: readonly string[];
  readonly locOf: (index: number) => Location;
  /** Rows of a body that has the right shape; undefined for any other. */
  readonly rowsOf: (body: JsonObject) => readonly unknown[] | undefined;
  /** Keys whose presence makes a body unusual. */
  readonly refusedKeys: readonly string[];
}

const NOTHING: ReadonlySet<string> = new Set();
const PLAIN_TYPES = new Set([
  undefined,
  'application/json',
  'application/json; charset=utf-8',
  'application/json;charset=UTF-8',
]);

function inputsRoute(model: ServedModel): LeanRoute {
  return {
    model,
    methods: ['POST', 'PUT'],
    locOf: (index) => ['body', 'inputs', index],
    rowsOf: ({ inputs }) => (Array.isArray(inputs) ? inputs : undefined),
    refusedKeys: [],
  };
}

function textsRoute(model: ServedModel): LeanRoute {
  return {
    model,
    methods: ['POST'],
    locOf: (index) => ['body', 'texts', index],
    rowsOf: ({ texts }) =>
      Array.isArray(texts) && texts.every(isText) ? texts.map(({ text }) => ({ text })) : undefined,
    refusedKeys: [],
  };
}

function isText(item: unknown): item is { text: string } {
  return isJsonObject(item) && typeof item.text === 'string' && item.text.length > 0;
}

/** @throws TypeError for bytes that are not UTF-8. A byte order mark makes the text no JSON, which is right here. */
function utf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new TypeError('not UTF-8');
  return bytes.toString('utf8');
}

function rowsOf(bytes: Buffer, route: LeanRoute, maxRows: number): readonly unknown[] | undefined {
  try {
    const body = parseJson(utf8(bytes));
    if (!isJsonObject(body) || Object.hasOwn(body, 'include')) return undefined;
    if (route.refusedKeys.some((key) => Object.hasOwn(body, key))) return undefined;
    const rows = route.rowsOf(body);
    return rows && rows.length > 0 && rows.length <= maxRows ? rows : undefined;
  } catch {
    // The ordinary way says what is wrong with it.
    return undefined;
  }
}
