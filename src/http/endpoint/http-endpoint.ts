import type { RequestHead } from '../request/request-head.js';

/** One request on its way through an endpoint: what the transport knows of it besides its head. */
export interface RequestExchange {
  /** Sent back as `X-Request-Id`. */
  readonly requestId: string;
  /** `performance.now()` from which the caller's deadline counts. */
  readonly receivedAtMs: number;
  /** Aborted when the client is gone: nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /**
   * The whole body, unpacked; empty when there is none.
   *
   * @throws AppError BODY_TOO_LARGE, BODY_NOT_READABLE, UNSUPPORTED_ENCODING.
   */
  readBody(): Buffer | Promise<Buffer>;
}

/** What an answer is about, for the log. */
export interface AnswerSubject {
  readonly model: string;
  readonly runId: string;
}

/** A whole answer, error answers included. A transport adds what every answer carries (`X-Request-Id`, CORS, …). */
export class EndpointAnswer {
  /**
   * @param headers  names and values in turn.
   * @param body  JSON text.
   * @param subject  undefined when no run was found for the request.
   */
  constructor(
    readonly status: number,
    readonly headers: readonly string[],
    readonly body: string,
    readonly subject?: AnswerSubject,
  ) {}
}

/** Answers requests with one head. Never rejects. */
export type EndpointCall = (exchange: RequestExchange) => Promise<EndpointAnswer>;

/**
 * The port between transports and what they carry. A transport moves bytes: it reads heads and bodies, and writes
 * answers; everything an answer depends on is behind this port, so that every transport answers the same.
 */
export abstract class HttpEndpoint {
  /** Whether a request with this method and path (without a query) is the endpoint's. */
  abstract hasRoute(method: string, path: string): boolean;

  /**
   * What answers requests with this head; undefined when the head names no route of this endpoint. Depends on the head
   * alone, so a transport may keep it for the same head on the same connection.
   */
  abstract find(head: RequestHead): EndpointCall | undefined;
}
