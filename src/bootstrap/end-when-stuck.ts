import type { Logger } from 'pino';

import type { ModelRegistryService } from '../registry/model-registry.service.js';
import { endByForce } from './end-process.js';

const LOOK_MS = 1_000;
/** How long threads may be missing before the process ends itself, milliseconds: one that was only slow may come back. */
const PATIENCE_MS = 10_000;
/** Of several processes each waits so much longer than the one before, milliseconds: the first is there again then. */
const STEP_DELAY_MS = 5_000;
const FAILED = 1;

/**
 * Ends the process by force when so many threads hang that no more can be started: whoever started it starts it again.
 * Until then the probes say so.
 *
 * @param order  place of the process among those of one server, from 0: they do not all end at once.
 * @param end  for tests.
 */
export function endWhenStuck(
  registry: Pick<ModelRegistryService, 'computeProblem'>,
  logger: Logger,
  { order = 0, lookMs = LOOK_MS, patienceMs = PATIENCE_MS, staggerMs = STEP_DELAY_MS, end = endByForce } = {},
): () => void {
  let sinceMs: number | undefined;
  const timer = setInterval(() => {
    const { computeProblem } = registry;
    if (computeProblem === undefined) return void (sinceMs = undefined);
    sinceMs ??= performance.now();
    if (performance.now() - sinceMs < patienceMs + order * staggerMs) return;
    clearInterval(timer);
    logger.error(`bestrun ends itself, to be started again: ${computeProblem}`);
    void end(FAILED);
  }, lookMs).unref();
  return () => clearInterval(timer);
}
