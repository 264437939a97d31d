import cluster from 'node:cluster';
import { once } from 'node:events';

import type { ClosingStep } from '../http/server/drain-connections.js';

// Several server processes share one port: it is closed for good when the last of them closes it, and what has been
// accepted and not taken by then would be reset. So they close it in step: each tells the primary what it has done, and
// goes on when the primary repeats it, because all have.

/** How long the others may take, milliseconds. */
const TIMEOUT_MS = 1_500;
const PREFIX = 'bestrun: the port is ';

/** The step that a message between the processes is about; undefined for others. */
export function closingStepOf(message: unknown): ClosingStep | undefined {
  return (['held', 'closed'] as const).find((step) => message === PREFIX + step);
}

/** The message about a step, from a process and back. */
export function closingMessage(step: ClosingStep): string {
  return PREFIX + step;
}

/** Tells the primary that this process has done a step, and waits for the others. Alone it waits for nobody. */
export async function closeInStep(step: ClosingStep): Promise<void> {
  if (!cluster.isWorker || !process.connected) return;
  const waiting = new AbortController();
  const timer = setTimeout(() => waiting.abort(), TIMEOUT_MS);
  const isTold = untilTold(step, waiting.signal).catch(() => undefined);
  process.send!(closingMessage(step), undefined, undefined, () => undefined);
  await isTold;
  clearTimeout(timer);
}

async function untilTold(step: ClosingStep, signal: AbortSignal): Promise<void> {
  for (let message: unknown; closingStepOf(message) !== step;)
    [message] = (await once(process, 'message', { signal })) as [unknown];
}
