/** A body that waits to be read. */
export interface WaitingBody {
  /** Larger than that of each body which came before. */
  readonly body: number;
  readonly length: number;
}

/**
 * Bodies that wait to be read, shortest first. So that a long one is read in the end, however many short ones come, those
 * that overtake the one which came first are together no longer than it: then it is its turn, and others may overtake the
 * next. A body waits for at most twice the bytes that would go before it if each waited its turn, itself counted in.
 */
export class WaitingBodies<T extends WaitingBody> {
  /** As they came. */
  private readonly waiting: T[] = [];
  /** Since the turn of the one which came first, bytes. */
  private skipped = 0;

  get size(): number {
    return this.waiting.length;
  }

  /** Adds one at the place of its number: one that comes back has its old place. */
  add(body: T): void {
    const after = this.waiting.findLastIndex((other) => other.body <= body.body);
    this.waiting.splice(after + 1, 0, body);
  }

  /** Takes one out that nobody waits for any more. */
  remove(body: T): void {
    const index = this.waiting.indexOf(body);
    if (index >= 0) this.waiting.splice(index, 1);
  }

  /** The one to be read next; undefined when none waits. It stays until it is taken. */
  get next(): T | undefined {
    const [first] = this.waiting;
    if (!first) return undefined;
    const shortest = this.waiting.reduce((a, b) => (b.length < a.length ? b : a));
    return this.skipped + shortest.length <= first.length ? shortest : first;
  }

  /** Takes the next one out, to be read. */
  take(): T | undefined {
    const { next } = this;
    if (!next) return undefined;
    this.skipped = next === this.waiting[0] ? 0 : this.skipped + next.length;
    this.remove(next);
    return next;
  }
}
