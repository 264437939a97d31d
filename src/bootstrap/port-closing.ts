import cluster from 'node:cluster';
import { Socket } from 'node:net';

import type { ClosingStep } from '../http/server/drain-connections.js';

// Several server processes share one port: it is closed for good when the last of them closes it, and what has been
// accepted and not taken by then would be reset. So they close it in step: each tells the primary what it has done, and
// goes on when the primary repeats it, because all have. What the primary accepts between the steps it keeps, and hands
// over before the last one.

/** How long the others may take, milliseconds. */
const TIMEOUT_MS = 1_500;
const PREFIX = 'bestrun: the port is ';

/** The message that comes with a connection which was accepted while the port was being closed. */
export const LATE_CONNECTION = 'bestrun: a late connection';

/** The step that a message between the processes is about; undefined for others. */
export function closingStepOf(message: unknown): ClosingStep | undefined {
  return (['held', 'closed'] as const).find((step) => message === PREFIX + step);
}

/** The message about a step, from a process and back. */
export function closingMessage(step: ClosingStep): string {
  return PREFIX + step;
}

/**
 * Tells the primary that this process has done a step, and waits for the others. Alone it waits for nobody.
 *
 * @param takeLate  gets each connection that the primary has accepted between the steps.
 */
export async function closeInStep(step: ClosingStep, takeLate: (socket: Socket) => void): Promise<void> {
  if (!cluster.isWorker || !process.connected) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(end, TIMEOUT_MS);
    process.on('message', receive);
    process.send!(closingMessage(step), undefined, undefined, () => undefined);

    function receive(message: unknown, handle: unknown): void {
      if (message === LATE_CONNECTION && handle) takeLate(socketOf(handle));
      if (closingStepOf(message) === step) end();
    }
    function end(): void {
      clearTimeout(timer);
      process.off('message', receive);
      resolve();
    }
  });
}

/** As the server's own connections: a client that has ended its side still gets its answer. */
function socketOf(handle: unknown): Socket {
  const options = { handle, allowHalfOpen: true, readable: true, writable: true };
  return new Socket(options);
}
