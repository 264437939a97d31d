import type { Socket } from 'node:net';

/**
 * A client that takes none of its answer for this long is not reading it, milliseconds. It is looked at once per period and
 * compared with the look before, so such a connection ends after one to two periods.
 */
const STALLED_MS = 30_000;

/** What Node knows of the bytes of a socket and does not tell: all that were written, and those that the kernel has not taken. */
interface SocketHandle {
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
}

/**
 * Ends a connection whose client does not read its answers: it would hold their bytes for ever. A slow reader is left alone.
 * Not by the timer of the socket, which every byte that comes in sets back.
 */
export function endWhenStalled(socket: Socket, stalledMs = STALLED_MS): void {
  let sentBefore: number | undefined;
  const timer = setInterval(() => {
    const sent = socket.writableLength > 0 ? bytesSent(socket) : undefined;
    if (sent !== undefined && sent === sentBefore) socket.destroy();
    sentBefore = sent;
  }, stalledMs).unref();
  socket.once('close', () => clearInterval(timer));
}

/** Bytes that the kernel has taken of a socket; whole writes where Node does not say more. */
function bytesSent(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { readonly _handle?: SocketHandle | null };
  const { bytesWritten, writeQueueSize } = handle ?? {};
  if (bytesWritten === undefined || writeQueueSize === undefined) return socket.bytesWritten - socket.writableLength;
  return bytesWritten - writeQueueSize;
}
