import type { Cluster } from 'node:cluster';

/** What is looked at of a server process, and of its place among others. */
type Child = Pick<NodeJS.Process, 'prependListener'>;
type Place = Pick<Cluster, 'isPrimary' | 'worker'>;

/**
 * Ends this server process when the first one, which started it, is gone without a word. Node ends it with
 * `process.exit` then, which waits for threads: one that runs native code without an end left an orphan that kept a
 * processor busy for good. So it is ended in Node's stead, before.
 *
 * @param end  ends the process whatever its threads do.
 */
export function endWithPrimary(end: () => void, cluster: Place, child: Child = process): void {
  if (cluster.isPrimary) return;
  child.prependListener('disconnect', () => {
    // The first process lets go of those that it has told to stop; they end by themselves.
    if (!cluster.worker?.exitedAfterDisconnect) end();
  });
}
