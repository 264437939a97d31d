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
  /** The one that came last. */
  last: PendingPrediction | undefined;

  /** @param held  counts the bytes of the tensors in all lists that share it. */
  constructor(private readonly held: HeldBytes = { bytes: 0 }) {}

  push(prediction: PendingPrediction): void {
    const { node } = prediction;
    node.list = this;
    node.previous = this.last;
    if (this.last) this.last.node.next = prediction;
    else this.first = prediction;
    this.last = prediction;
    this.size += 1;
    this.rows += prediction.rows ?? 1;
    this.held.bytes += prediction.bytes;
  }

  /** Bytes of the largest row of all of them. */
  get rowBytes(): number {
    let largest = 0;
    for (let each = this.first; each; each = each.node.next) largest = Math.max(largest, each.rowBytes);
    return largest;
  }

  /** Takes it out if it is in this list. */
  delete({ node, rows, bytes }: PendingPrediction): void {
    if (node.list !== this) return;
    const { previous, next } = node;
    if (previous) previous.node.next = next;
    else this.first = next;
    if (next) next.node.previous = previous;
    else this.last = previous;
    node.list = node.previous = node.next = undefined;
    this.size -= 1;
    this.rows -= rows ?? 1;
    this.held.bytes -= bytes;
  }

  /** The latest ones that are so, up to the first that is not. */
  latest(is: (prediction: PendingPrediction) => boolean): PendingPrediction[] {
    const found: PendingPrediction[] = [];
    for (let each = this.last; each && is(each); each = each.node.previous) found.push(each);
    return found;
  }

  *[Symbol.iterator](): Generator<PendingPrediction> {
    for (let next = this.first; next; next = next.node.next) yield next;
  }
}

/** Bytes of the tensors that wait. */
export interface HeldBytes {
  bytes: number;
}

/** Links of a prediction in its list; used by the list only. */
export interface ListNode {
  list: PredictionList | undefined;
  previous: PendingPrediction | undefined;
  next: PendingPrediction | undefined;
}
