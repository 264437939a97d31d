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

/** What calls are alike in that take equally long. */
export interface CallSize {
  readonly rows: number;
  /** Bytes of the largest row, of which a list or a text may have any number. */
  readonly rowBytes: number;
}

/** Rows of no more bytes than this count as of one size. */
const SMALL_ROW_BYTES = 256;

/**
 * How long the latest calls of a model take, by the size of their largest row (up to 256 bytes, 512, 1,024, …) and by
 * their number of rows (1, 2, 3-4, 5-8, …). Each class keeps its last 64 calls. Sizes alone decide how much a call
 * computes (see `hasPlainOperators`), so calls of one class are alike: the quickest tenth tells what the model takes,
 * and what others take beyond that is the operating system's and the caches'. That part is bounded too: nine in ten
 * calls count with a fifth of their time at least.
 *
 * Rows of a size that was not measured are taken for those of the next larger one. Larger ones are not known: time may
 * grow with the square of a list's length, and more.
 */
export class CallTimes {
  private readonly sizes: (SizeTimes | undefined)[] = [];

  /** Records a call, in milliseconds. */
  record({ rows, rowBytes }: CallSize, ms: number): void {
    const index = sizeClassOf(rowBytes);
    (this.sizes[index] ??= new SizeTimes()).record(rows, ms);
  }

  /** Milliseconds that a call takes; Infinity while that is not known. */
  callMs({ rows, rowBytes }: CallSize): number {
    for (let index = sizeClassOf(rowBytes); index < this.sizes.length; index += 1) {
      const callMs = this.sizes[index]?.callMs(rows) ?? Infinity;
      if (callMs !== Infinity) return callMs;
    }
    return Infinity;
  }

  /** Forgets everything: what was measured no longer counts. */
  clear(): void {
    this.sizes.length = 0;
  }
}

/**
 * The calls with rows of one size. A number of rows that was not measured is taken for as many times as long as it is
 * more than the nearest smaller one that was. That is never too little for operators whose time grows with the number of
 * rows at most.
 */
class SizeTimes {
  private readonly classes: (CallClass | undefined)[] = [];

  record(rows: number, ms: number): void {
    const index = classOf(rows);
    (this.classes[index] ??= new CallClass()).record(ms);
  }

  callMs(rows: number): number {
    const own = classOf(rows);
    for (let index = own; index >= 0; index -= 1) {
      const callMs = this.classes[index]?.callMs ?? Infinity;
      if (callMs !== Infinity) return index === own ? callMs : (callMs * rows) / minRows(index);
    }
    return Infinity;
  }
}

/** The calls of one class. */
class CallClass {
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

function sizeClassOf(rowBytes: number): number {
  return classOf(Math.ceil(rowBytes / SMALL_ROW_BYTES));
}
