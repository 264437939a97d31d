import type { PendingPrediction } from './pending-prediction.js';

/**
 * Predictions in order, each in one list at most; push, take first and delete have constant cost. Not a `Set`: with
 * frequent insertions and deletions its old tables keep deleted entries alive until the next full collection.
 */
export class PredictionList implements Iterable<PendingPrediction> {
  size = 0;
  /** Rows of all of them; a prediction whose inputs do not agree on a number counts as one. */
  rows = 0;
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
    this.rows += prediction.rows ?? 1;
  }

  /** Takes it out if it is in this list. */
  delete({ node, rows }: PendingPrediction): void {
    if (node.list !== this) return;
    const { previous, next } = node;
    if (previous) previous.node.next = next;
    else this.first = next;
    if (next) next.node.previous = previous;
    else this.last = previous;
    node.list = node.previous = node.next = undefined;
    this.size -= 1;
    this.rows -= rows ?? 1;
  }

  *[Symbol.iterator](): Generator<PendingPrediction> {
    for (let next = this.first; next; next = next.node.next) yield next;
  }
}

/** Links of a prediction in its list; used by the list only. */
export interface ListNode {
  list: PredictionList | undefined;
  previous: PendingPrediction | undefined;
  next: PendingPrediction | undefined;
}
