import cluster from 'node:cluster';

/** What the processes of one server (`WORKERS`) tell each other; the primary passes it on. */
export const REFRESH_MESSAGE = 'bestrun: look at the store';

/** Tells the other processes of this server, if there are any, that a person has changed something. */
export function broadcastRefresh(): void {
  if (cluster.isWorker && process.connected) process.send?.(REFRESH_MESSAGE);
}

/**
 * Calls `onRefresh` when another process of this server tells that a person has changed something.
 *
 * @returns ends it.
 */
export function onRefreshBroadcast(onRefresh: () => void): () => void {
  if (!cluster.isWorker) return () => undefined;
  const onMessage = (message: unknown) => {
    if (message === REFRESH_MESSAGE) onRefresh();
  };
  process.on('message', onMessage);
  return () => process.off('message', onMessage);
}
