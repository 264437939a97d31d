import type { PendingPrediction } from './pending-prediction.js';

/**
 * Predictions in order, each in one list at most; adding, taking the first and deleting any cost the same however many
 * there are. Not a `Set`: with entries that come and go, its old tables keep many of those alive that left, until the
 * next full collection; here who leaves is forgotten.
 */
export class PredictionList implements Iterable<PendingPrediction> {
  size = 0;
  /** The one that came first. */
  first: PendingPrediction | undefined;
  private last: PendingPrediction | undefined;

  push(prediction: PendingPrediction): void {
    const { node } = prediction;
    node.list = this;
    node.previous = this.last;
    if (this.last) this.last.node.next = prediction;
    else this.first = prediction;
    this.last = prediction;
    this.size += 1;
  }

  /** Takes it out if it is in this list. */
  delete({ node }: PendingPrediction): void {
    if (node.list !== this) return;
    const { previous, next } = node;
    if (previous) previous.node.next = next;
    else this.first = next;
    if (next) next.node.previous = previous;
    else this.last = previous;
    node.list = node.previous = node.next = undefined;
    this.size -= 1;
  }

  *[Symbol.iterator](): Generator<PendingPrediction> {
    for (let next = this.first; next; next = next.node.next) yield next;
  }
}

/** Where in which list a prediction stands; for the list alone. */
export interface ListNode {
  list: PredictionList | undefined;
  previous: PendingPrediction | undefined;
  next: PendingPrediction | undefined;
}
