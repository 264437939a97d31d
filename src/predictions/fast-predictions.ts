import { isUtf8 } from 'node:buffer';

import { acceptsContract, readContractMatch } from '../http/request/contract-header.js';
import type { HandedOver } from '../http/fast-path/fallback.js';
import { turnOfBody } from '../http/request/large-body-scheduler.js';
import type { RequestHead, ShortAnswer, ShortCaller, ShortHandler, ShortWay } from '../http/fast-path/fast-path.js';
import { hostUrl } from '../http/request/request-url.js';
import { serverTiming } from '../http/response/server-timing.js';
import { readTimeout } from '../http/request/timeout-header.js';
import type { AppConfig } from '../config/app-config.js';
import { parseJson } from '../lib/json-text.js';
import { isJsonObject } from '../lib/json.js';
import type { JsonObject } from '../lib/json.js';
import { PredictionTiming } from '../domain/prediction-timing.js';
import type { Location } from '../domain/validation-issue.js';
import { ValidationError } from '../domain/validation-issue.js';
import type { ModelRegistryService, ReadyModel } from '../registry/model-registry.service.js';
import type { RegisteredModel, RegisteredRun } from '../registry/state/registered-run.js';
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
export class LeanPredictions implements ShortWay {
  readonly headers: readonly string[];
  readonly log: ShortWay['log'];
  private routesByUrl: ReadonlyMap<string, LeanRoute>;

  /** @param registry  whose models are looked up again after each change of what is served. */
  constructor(
    private readonly registry: Pick<ModelRegistryService, 'listReadyModels' | 'findDefaultModel' | 'onChange'>,
    private readonly config: AppConfig,
    { headers, log }: Pick<ShortWay, 'headers' | 'log'>,
  ) {
    this.headers = headers;
    this.log = log;
    this.routesByUrl = this.routes();
    registry.onChange(() => (this.routesByUrl = this.routes()));
  }

  private routes(): ReadonlyMap<string, LeanRoute> {
    const models = this.registry.listReadyModels();
    const routes = new Map<string, LeanRoute>();
    for (const model of models) routes.set(`/models/${model.card.name}/predictions`, inputsRoute(model));
    const short = models.find((model) => model === this.registry.findDefaultModel());
    if (short) {
      routes.set('/predictions', { ...inputsRoute(short), refusedKeys: ['model', 'run_id'] });
      if (isForTexts(short)) for (const url of ['/predict', '/prediction']) routes.set(url, textsRoute(short));
    }
    return routes;
  }

  find(head: RequestHead): ShortHandler | undefined {
    const route = this.routesByUrl.get(head.url);
    if (!route?.methods.includes(head.method) || !this.isPlain(head)) return undefined;
    const timeoutMs = readTimeout(head.headers, this.config.predictionTimeoutMs);
    const acceptedContracts = readContractMatch(head.headers);
    if (timeoutMs === undefined || !acceptedContracts) return undefined;
    const plain: PlainHead = {
      timeoutMs,
      acceptedContracts,
      method: head.method,
      url: head.url,
      host: head.headers.host as string | undefined,
    };
    return (body, caller) => this.answer(plain, body, caller);
  }

  /** Whether every header is one this way understands. */
  private isPlain({ headers }: RequestHead): boolean {
    const { accept, origin } = headers;
    const length = Number(headers['content-length'] ?? 0);
    return (
      length > 0 &&
      length <= this.config.bodyLimitBytes &&
      PLAIN_TYPES.has(headers['content-type'] as string | undefined) &&
      (accept === undefined || accept === '*/*' || accept === 'application/json') &&
      (origin === undefined || this.config.corsOrigins === '*') &&
      headers['content-encoding'] === undefined &&
      headers['transfer-encoding'] === undefined &&
      headers['expect'] === undefined &&
      !this.config.trustProxy
    );
  }

  private async answer(head: PlainHead, bytes: Buffer, caller: ShortCaller): Promise<ShortAnswer | HandedOver> {
    const timing = new PredictionTiming();
    const turn = turnOfBody(bytes.length);
    if (turn) timing.bodyWaitMs = await turn;
    // Looked up again for each request: connections keep what `find` gave them, and models come and go.
    const route = this.routesByUrl.get(head.url);
    const best = route?.model.best;
    if (!best || !route.methods.includes(head.method)) return { bytes };
    const { loaded: served, registered } = best;
    if (!acceptsContract(head.acceptedContracts, served.contract)) return { bytes };
    const start = performance.now();
    const rows = rowsOf(bytes, route, this.config.maxRowsPerRequest);
    if (!rows) return { bytes };
    timing.parseMs = performance.now() - start;
    try {
      const predictions = await served.predictText(rows, {
        locOf: route.locOf,
        source: 'body',
        mode: 'strict',
        include: NOTHING,
        timeoutMs: head.timeoutMs,
        sinceMs: caller.arrivedAtMs,
        signal: caller.signal,
        timing,
      });
      return this.write(head, registered, served.contract, predictions, caller, timing);
    } catch (error) {
      return error instanceof ValidationError ? { bytes } : { bytes, error };
    }
  }

  /** @param predictions  the text of a JSON array. */
  private write(
    head: PlainHead,
    { card, run }: RegisteredRun,
    contract: string,
    predictions: string,
    caller: ShortCaller,
    timing: PredictionTiming,
  ): ShortAnswer {
    const start = performance.now();
    const url = hostUrl(head.host, caller.localPort, this.config.publicUrl) + head.url;
    const body =
      `{"message":"OK","method":"${head.method}","status-code":200,"timestamp":"${new Date().toISOString()}",` +
      `"url":${JSON.stringify(url)},"data":{"model":"${card.name}","run_id":${JSON.stringify(run.run_id)},` +
      `"predictions":${predictions}}}`;
    timing.serializeMs += performance.now() - start;
    timing.finish();
    return { body, contract, serverTiming: serverTiming(timing) };
  }
}

/** What a request says, apart from its body. */
interface PlainHead {
  readonly timeoutMs: number;
  readonly acceptedContracts: readonly string[];
  readonly method: string;
  readonly url: string;
  readonly host: string | undefined;
}

interface LeanRoute {
  /** Its best run is read for each request; it has none any more once it is gone from the store. */
  readonly model: RegisteredModel;
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

function inputsRoute(model: ReadyModel): LeanRoute {
  return {
    model,
    methods: ['POST', 'PUT'],
    locOf: (index) => ['body', 'inputs', index],
    rowsOf: ({ inputs }) => (Array.isArray(inputs) ? inputs : undefined),
    refusedKeys: [],
  };
}

function textsRoute(model: ReadyModel): LeanRoute {
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
