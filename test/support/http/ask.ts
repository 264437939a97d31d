import { request } from 'node:http';
import type { Agent, IncomingHttpHeaders } from 'node:http';

import type { Json } from './get-json.js';

/** What a server answered. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The parsed body; undefined when there is none. */
  readonly json: Json;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes and texts go as they are, without a content type; anything else as JSON with one. */
  readonly body?: unknown;
  /** Milliseconds until the answer must be there; else the promise fails. */
  readonly timeoutMs?: number;
  /** Connections to ask over; one of its own unless set. */
  readonly agent?: Agent;
}

/**
 * Sends one request and nothing that was not asked for: unlike `fetch`, no content type, no change of the path
 * (`/../x` stays), any method.
 */
export function ask(baseUrl: string, path: string, options: AskOptions = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, timeoutMs = 60_000, agent = false } = options;
  const isRaw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
  const bytes = isRaw ? Buffer.from(body ?? '') : Buffer.from(JSON.stringify(body));
  const { hostname, port } = new URL(baseUrl);
  return new Promise((resolve, reject) => {
    const call = request({
      hostname,
      port,
      path,
      method,
      agent,
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        ...(bytes.length > 0 && { 'Content-Length': bytes.length }),
        ...(!isRaw && { 'Content-Type': 'application/json' }),
        ...headers,
      },
    });
    call.once('error', reject);
    call.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode!, headers: response.headers, text, json: parsed(text) });
      });
    });
    call.end(bytes);
  });
}

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`The body is not JSON: ${text.slice(0, 200)}`, { cause: error });
  }
}
