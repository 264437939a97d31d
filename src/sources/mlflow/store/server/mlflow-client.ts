import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { StoreUnavailableError } from '../mlflow-store.js';
import { messageOfNetworkError } from './network-error.js';
import { parseShort, requireJson } from './parse-answer.js';

/** How a tracking server is asked. */
interface ClientOptions {
  /** `http(s)://host[:port][/prefix]`, without a slash at the end and without credentials. */
  readonly baseUrl: string;
  /** Value of the Authorization header; sent to `baseUrl`'s origin alone. */
  readonly authorization?: string;
  /** Longest time to an answer, and longest pause within a download, milliseconds. */
  readonly timeoutMs: number;
  /** How often a request is retried after a transient error. */
  readonly retries: number;
  /** Pause before the first retry, milliseconds; doubled for each further one. 250 unless set. */
  readonly firstPauseMs?: number;
}

export type Query = Readonly<Record<string, string>>;

/** MLflow answered, and the answer is an error: `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE`, … */
export class MlflowError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'MlflowError';
  }
}

/** A file that arrived whole. */
interface Download {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** What a downloaded file may be. */
interface DownloadLimits {
  /** Size that was announced; undefined when none was. */
  readonly size: number | undefined;
  readonly maxBytes: number;
}

/** A download that went over its limit. */
export class TooLargeError extends Error {}

/** Statuses of transient errors: the request is retried. */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** An error is a sentence, or a page of a proxy. */
const MAX_ERROR_BYTES = 256 * 1024;
/** An answer that drips more slowly than this, on average, is given up like none, bytes per millisecond. */
const LEAST_BYTES_PER_MS = 4;
const MAX_REDIRECTS = 3;
const MAX_PAUSE_MS = 10_000;
/** As MLflow writes them: `INTERNAL_ERROR`. */
const ERROR_CODE = /^[A-Z][A-Z\d_]{0,79}$/;

/**
 * HTTP client of MLflow: credentials, timeouts, retries, and recognition of responses that are not MLflow's. Requests
 * only go to the configured server: redirects to another origin are not followed.
 *
 * @throws StoreUnavailableError when the server cannot be reached, refuses the credentials or is not MLflow;
 *   MlflowError for an error that MLflow itself answers.
 */
export class MlflowClient {
  private readonly base: URL;
  private readonly closed = new AbortController();

  constructor(private readonly options: ClientOptions) {
    this.base = new URL(options.baseUrl);
    // One for each request under way, however many there are.
    setMaxListeners(0, this.closed.signal);
  }

  /** Aborts running requests; later ones fail at once. */
  close(): void {
    this.closed.abort(new StoreUnavailableError('bestrun is shutting down.'));
  }

  /** Names the server; no credentials. */
  get baseUrl(): string {
    return this.options.baseUrl;
  }

  /** @returns the JSON object that MLflow answers, still as its text; absent lists and fields are just absent. */
  async getJson(path: string, query: Query = {}): Promise<string> {
    return requireJson(await this.send(path, query, {}));
  }

  /** As `getJson`, for the calls that take a body. They only read, so they may be repeated. */
  async postJson(path: string, body: object): Promise<string> {
    const headers = { 'Content-Type': 'application/json' };
    return requireJson(await this.send(path, {}, { method: 'POST', body: JSON.stringify(body), headers }));
  }

  /** A file as text; undefined when there is none. */
  async findText(path: string, query: Query): Promise<string | undefined> {
    try {
      return await this.send(path, query, {});
    } catch (error) {
      if (error instanceof MlflowError && error.status === 404) return undefined;
      throw error;
    }
  }

  /**
   * Writes a file that the server holds. One that arrives short is asked for again.
   *
   * @param file  absolute path of a file that may be overwritten.
   * @throws TooLargeError; MlflowError 404; StoreUnavailableError; the error of the file system when the file cannot be written.
   */
  download(path: string, query: Query, file: string, limits: DownloadLimits): Promise<Download> {
    return this.repeated(async () => {
      const { response, touch, end } = await this.open(path, query, {});
      try {
        return await save(response, file, limits, touch);
      } finally {
        end();
      }
    });
  }

  private send(path: string, query: Query, init: RequestInit): Promise<string> {
    return this.repeated(async () => {
      const { response, touch, end } = await this.open(path, query, init);
      try {
        return await textOf(response, touch);
      } finally {
        end();
      }
    });
  }

  private async repeated<T>(attempt: () => Promise<T>): Promise<T> {
    const { retries, firstPauseMs = 250 } = this.options;
    for (let i = 0; ; i++) {
      try {
        return await attempt();
      } catch (error) {
        const transient = error instanceof TransientError ? error : undefined;
        if (!transient) throw error;
        if (i >= retries) throw transient.toFinalError();
        const pauseMs = Math.min(MAX_PAUSE_MS, transient.retryAfterMs ?? firstPauseMs * 2 ** i);
        await sleep(pauseMs, undefined, { signal: this.closed.signal }).catch(() => undefined);
        this.closed.signal.throwIfAborted();
      }
    }
  }

  /**
   * Resolves when the headers of a successful response have arrived. The timeout runs until `end`; each `touch`
   * restarts it.
   */
  private async open(path: string, query: Query, init: RequestInit): Promise<OpenResponse> {
    this.closed.signal.throwIfAborted();
    const stop = new AbortController();
    const { timeoutMs } = this.options;
    const timer = setTimeout(() => stop.abort(new RequestTimeoutError(timeoutMs)), timeoutMs);
    const onClosed = () => stop.abort(this.closed.signal.reason);
    this.closed.signal.addEventListener('abort', onClosed);
    const end = () => {
      clearTimeout(timer);
      this.closed.signal.removeEventListener('abort', onClosed);
      stop.abort();
    };
    try {
      const response = await this.follow(this.urlOf(path, query), init, stop.signal);
      await requireOk(response);
      const startMs = performance.now();
      const touch = (bytes: number) => {
        const elapsedMs = performance.now() - startMs;
        if (elapsedMs < timeoutMs + bytes / LEAST_BYTES_PER_MS) timer.refresh();
      };
      return { response, touch, end };
    } catch (error) {
      end();
      throw toRequestError(error, stop.signal);
    }
  }

  private urlOf(path: string, query: Query): URL {
    const url = new URL(this.options.baseUrl + path);
    for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value);
    return url;
  }

  private async follow(url: URL, init: RequestInit, signal: AbortSignal): Promise<Response> {
    const { authorization } = this.options;
    const headers = {
      ...(init.headers as Record<string, string>),
      ...(authorization && { Authorization: authorization }),
    };
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const response = await fetch(url, { ...init, headers, signal, redirect: 'manual' });
      const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
      if (location === null) return response;
      await response.body?.cancel();
      url = new URL(location, url);
      if (url.origin !== this.base.origin) {
        throw new StoreUnavailableError(
          'it sends requests to another host, which is not followed. Set MLFLOW_TRACKING_URI to the address that answers itself.',
        );
      }
    }
    throw new StoreUnavailableError('it redirects in a loop.');
  }
}

interface OpenResponse {
  readonly response: Response;
  /** Told how many bytes have arrived so far. */
  readonly touch: (bytes: number) => void;
  readonly end: () => void;
}

/** An error that may not occur when the request is retried. */
class TransientError extends Error {
  constructor(
    message: string,
    readonly retryAfterMs?: number,
    private readonly answer?: MlflowError,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** What it is when it has not passed. */
  toFinalError(): Error {
    return this.answer ?? new StoreUnavailableError(this.message, { cause: this.cause });
  }
}

class RequestTimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`it did not answer within ${timeoutMs} ms.`);
  }
}

function toRequestError(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted && signal.reason instanceof RequestTimeoutError) return new TransientError(signal.reason.message);
  if (signal.reason instanceof StoreUnavailableError) return signal.reason;
  if (error instanceof StoreUnavailableError || error instanceof MlflowError || error instanceof TransientError)
    return error;
  return new TransientError(messageOfNetworkError(error), undefined, undefined, { cause: error });
}

async function requireOk(response: Response): Promise<void> {
  const { status } = response;
  if (status >= 200 && status < 300) return;
  const text = await textOf(response, () => undefined, MAX_ERROR_BYTES).catch(() => '');
  const error = errorOf(status, text);
  if (error instanceof MlflowError && PASSING.has(status)) {
    throw new TransientError(error.message, retryAfterOf(response), error);
  }
  if (PASSING.has(status)) throw new TransientError(`it answers ${status}.`, retryAfterOf(response));
  throw error;
}

function errorOf(status: number, text: string): Error {
  if (status === 401) {
    return new StoreUnavailableError(
      'it refuses the credentials (401). Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.',
    );
  }
  if (status === 403 && /invalid host header/i.test(text)) {
    return new StoreUnavailableError(
      'it rejects the host name (403). Start it with --allowed-hosts and the host of MLFLOW_TRACKING_URI.',
    );
  }
  const body = parseShort(text);
  if (typeof body?.error_code === 'string' && ERROR_CODE.test(body.error_code)) {
    return new MlflowError(status, body.error_code, typeof body.message === 'string' ? body.message : body.error_code);
  }
  // An address that the server does not know: Flask and proxies answer it with a page of their own.
  if (status === 404) return new MlflowError(status, 'ENDPOINT_NOT_FOUND', 'it has no such address.');
  return new StoreUnavailableError(
    `it answers ${status} without an MLflow error. Is MLFLOW_TRACKING_URI the address of MLflow?`,
  );
}

function retryAfterOf(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

async function textOf(
  response: Response,
  touch: (bytes: number) => void,
  maxBytes = MAX_ANSWER_BYTES,
): Promise<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let text = '';
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += (chunk as Uint8Array).length;
      touch(bytes);
      if (bytes > maxBytes) throw new StoreUnavailableError(`it answers more than ${maxBytes} bytes.`);
      text += decoder.decode(chunk as Uint8Array, { stream: true });
    }
  } catch (error) {
    if (error instanceof StoreUnavailableError) throw error;
    throw new TransientError('its response was cut off.', undefined, undefined, { cause: error });
  }
  return text + decoder.decode();
}

async function save(
  response: Response,
  file: string,
  { size, maxBytes }: DownloadLimits,
  touch: (bytes: number) => void,
): Promise<Download> {
  const hash = createHash('sha256');
  let bytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      touch(bytes);
      hash.update(chunk);
      done(bytes > maxBytes ? new TooLargeError() : null, chunk);
    },
  });
  const body = response.body ? Readable.fromWeb(response.body) : Readable.from([]);
  try {
    await pipeline(body, meter, createWriteStream(file));
  } catch (error) {
    if (error instanceof TooLargeError || isDiskError(error)) throw error;
    throw new TransientError('a download was cut off.', undefined, undefined, { cause: error });
  }
  if (size !== undefined && bytes !== size) {
    throw new TransientError(`a file of ${size} bytes arrived with ${bytes}.`);
  }
  return { bytes, sha256: hash.digest('hex') };
}

function isDiskError(error: unknown): boolean {
  return ['open', 'write', 'close'].includes((error as NodeJS.ErrnoException).syscall ?? '');
}
