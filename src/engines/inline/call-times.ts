/** Calls that are kept per class of size. */
const KEPT_CALLS = 64;
/** Calls of a class before it says anything. */
const NEEDED_CALLS = 16;
/** Calls after which the figures of a class are worked out again. */
const CALLS_BETWEEN = 8;

/** The calls that count, as shares of all: the quickest tenth, and all but the longest tenth. */
const LOWEST_SHARE = 0.1;
const LONGEST_SHARE = 0.9;
/** Times as long as the quickest tenth that other calls may take on a busy machine. */
const LOAD_FACTOR = 5;

/**
 * How long the latest calls of a model take, by their number of rows: 1, 2, 3-4, 5-8, … Each class keeps its last 64
 * calls. Sizes alone decide how much a call computes (see `hasPlainOperators`), so calls of one class are alike: the
 * quickest tenth tells what the model takes, and what others take beyond that is the operating system's and the caches'.
 * That part is bounded too: nine in ten calls count with a fifth of their time at least.
 *
 * A class that was not measured is taken for as many times as long as it has more rows than the nearest smaller one
 * that was. That is never too little for operators whose time grows with the number of rows at most.
 */
export class CallTimes {
  private readonly classes: (SizeClass | undefined)[] = [];

  /** Records a call of so many rows, in milliseconds. */
  record(rows: number, ms: number): void {
    const index = classOf(rows);
    (this.classes[index] ??= new SizeClass()).record(ms);
  }

  /** Milliseconds that a call of so many rows takes; Infinity while that is not known. */
  callMs(rows: number): number {
    const own = classOf(rows);
    for (let index = own; index >= 0; index -= 1) {
      const callMs = this.classes[index]?.callMs ?? Infinity;
      if (callMs !== Infinity) return index === own ? callMs : (callMs * rows) / minRows(index);
    }
    return Infinity;
  }

  /** Forgets everything: what was measured no longer counts. */
  clear(): void {
    this.classes.length = 0;
  }
}

/** The calls of one class. */
class SizeClass {
  callMs = Infinity;
  private readonly ms = new Float64Array(KEPT_CALLS);
  private count = 0;

  record(ms: number): void {
    this.ms[this.count % KEPT_CALLS] = ms;
    this.count += 1;
    if (this.count >= NEEDED_CALLS && this.count % CALLS_BETWEEN === 0) this.callMs = this.expectedMs();
  }

  private expectedMs(): number {
    const known = this.ms.slice(0, Math.min(this.count, KEPT_CALLS)).sort();
    const at = (share: number) => known[Math.ceil(known.length * share) - 1]!;
    return Math.max(at(LOWEST_SHARE), at(LONGEST_SHARE) / LOAD_FACTOR);
  }
}

function minRows(index: number): number {
  return index === 0 ? 1 : 2 ** (index - 1) + 1;
}

function classOf(rows: number): number {
  return 32 - Math.clz32(Math.max(1, rows) - 1);
}
