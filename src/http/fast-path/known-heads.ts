import type { CachedHead } from './raw-connection.js';

/** Heads that are kept, of all peers together. */
const MAX_HEADS = 500;

/**
 * Heads of requests that were read before, by peer and text: clients open many connections and send the same few heads over
 * all of them, which differ in the length of the body. When there are too many, all are forgotten.
 */
export class KnownHeads {
  private readonly byPeer = new Map<string | undefined, Map<string, CachedHead>>();
  private size = 0;

  find(peer: string | undefined, text: string): CachedHead | undefined {
    return this.byPeer.get(peer)?.get(text);
  }

  keep(peer: string | undefined, text: string, head: CachedHead): void {
    if (this.size >= MAX_HEADS) {
      this.byPeer.clear();
      this.size = 0;
    }
    const heads = this.byPeer.get(peer);
    if (heads) heads.set(text, head);
    else this.byPeer.set(peer, new Map([[text, head]]));
    this.size += 1;
  }
}
