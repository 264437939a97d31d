import type { HandedOver } from './fallback.js';

/** What a request says before its body. Names of headers in lower case, each once. */
export interface RequestHead {
  readonly method: string;
  /** As sent. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Who asks, seen from an answer that is being made. */
export interface ShortCaller {
  /** `performance.now()` at which the whole request was there. */
  readonly arrivedAtMs: number;
  /** Fires when the client has gone: nobody wants the answer any more. */
  readonly signal: AbortSignal;
  readonly localPort: number | undefined;
}

/** An answer with status 200; its headers are those of every answer and these. */
export interface ShortAnswer {
  /** Value of `Contract-Hash`. */
  readonly contract: string;
  /** Value of `Server-Timing`. */
  readonly serverTiming: string;
  /** JSON text. */
  readonly body: string;
}

/** Answers one request, or says with what was found out why the ordinary way has to. Never rejects. */
export type ShortHandler = (body: Buffer, caller: ShortCaller) => Promise<ShortAnswer | HandedOver>;

/** The port of whatever answers requests that are plain in every respect, before Express. */
export interface ShortWay {
  /** What answers requests with this head; undefined when the ordinary way does. Depends on the head alone. */
  find(head: RequestHead): ShortHandler | undefined;
  /** Headers of every answer: names and values in turn. */
  readonly headers: readonly string[];
  /** Writes the line of the access log; absent when requests are not logged. */
  readonly log?: (head: RequestHead, requestId: string, isAnswered: boolean, arrivedAtMs: number) => void;
}

/** Whether there is an answer, and not a reason why there is none. */
export function isShortAnswer(answer: ShortAnswer | HandedOver): answer is ShortAnswer {
  return 'serverTiming' in answer;
}
