import cluster from 'node:cluster';

/** Message between the processes of one server (`WORKERS`); the primary forwards it. */
export const REFRESH_MESSAGE = 'bestrun: look at the store';

/** Tells the other processes of this server, if there are any, that a person changed something. */
export function broadcastRefresh(): void {
  if (cluster.isWorker && process.connected) process.send?.(REFRESH_MESSAGE);
}

/**
 * Calls `onRefresh` when another process of this server broadcasts a change.
 *
 * @returns a function that unsubscribes.
 */
export function onRefreshBroadcast(onRefresh: () => void): () => void {
  if (!cluster.isWorker) return () => undefined;
  const onMessage = (message: unknown) => {
    if (message === REFRESH_MESSAGE) onRefresh();
  };
  process.on('message', onMessage);
  return () => process.off('message', onMessage);
}
