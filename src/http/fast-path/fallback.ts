import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** What was done for a request before it went the ordinary way after all. */
export interface HandedOver {
  /** The whole body, already read. */
  readonly bytes?: Buffer;
  /** What went wrong, to be answered as ever. */
  readonly error?: unknown;
}

const HANDED_OVER = Symbol('handed over');

/** Leaves a note on a request for the middleware that reads bodies. */
export function handOver(request: IncomingMessage, note: HandedOver): void {
  Object.assign(request, { [HANDED_OVER]: note });
}

/** The note left on a request, if any. */
export function handedOver(request: IncomingMessage): HandedOver | undefined {
  return (request as { [HANDED_OVER]?: HandedOver })[HANDED_OVER];
}

/** Leaves the note for the request that comes next over a connection. */
export function leaveNote(socket: Socket, note: HandedOver): void {
  Object.assign(socket, { [HANDED_OVER]: note });
}

/** The note left for this request on its connection, if any; given out once. */
export function takeNote(socket: Socket): HandedOver | undefined {
  const noted = socket as { [HANDED_OVER]?: HandedOver };
  const note = noted[HANDED_OVER];
  if (note) noted[HANDED_OVER] = undefined;
  return note;
}
