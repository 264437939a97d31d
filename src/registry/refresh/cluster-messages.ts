import cluster from 'node:cluster';

/** What the processes of one server (`WORKERS`) tell each other; the primary passes it on. */
export const LOOK_AGAIN = 'bestrun: look at the store';

/** Tells the other processes of this server, if there are any, that a person has changed something. */
export function tellSiblings(): void {
  if (cluster.isWorker && process.connected) process.send?.(LOOK_AGAIN);
}

/**
 * Calls `onNews` when another process of this server tells that a person has changed something.
 *
 * @returns ends it.
 */
export function hearSiblings(onNews: () => void): () => void {
  if (!cluster.isWorker) return () => undefined;
  const hear = (message: unknown) => {
    if (message === LOOK_AGAIN) onNews();
  };
  process.on('message', hear);
  return () => process.off('message', hear);
}
