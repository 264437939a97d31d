/** Weight of the latest call in an average. */
const LATEST_WEIGHT = 0.3;
/** A measurement that is older than this says nothing of now: what is refused because of it would never be measured again. */
const RECENT_MS = 60_000;

/** Calls of 2^index to 2^(index + 1) - 1 rows. */
interface Measured {
  /** Average duration. */
  ms: number;
  /** When the latest was answered, by the clock. */
  at: number;
}

/**
 * How long calls of a model take by their number of rows, in classes of powers of two.
 *
 * What it says of a number of rows is a bound from below: a call of more rows takes no less than one of fewer. So it may
 * refuse what cannot be computed in time, and never refuses for want of a measurement.
 */
export class CallDurations {
  private readonly classes: (Measured | undefined)[] = [];

  /** @param now  the clock, milliseconds. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Records a call of so many rows and milliseconds. */
  record(rows: number, ms: number): void {
    if (rows === 0) return;
    const index = classOf(rows);
    const known = this.recentAt(index);
    this.classes[index] = { ms: known ? known.ms + LATEST_WEIGHT * (ms - known.ms) : ms, at: this.now() };
  }

  /** Least milliseconds that so many rows take, in calls of `maxRows` rows at most, one after the other. */
  leastMs(rows: number, maxRows: number): number {
    if (rows === 0 || maxRows === Infinity) return 0;
    return (rows / maxRows) * this.leastCallMs(Math.min(rows, maxRows));
  }

  private leastCallMs(rows: number): number {
    for (let index = classOf(rows); index >= 0; index--) {
      const known = this.recentAt(index);
      if (known) return known.ms;
    }
    return 0;
  }

  private recentAt(index: number): Measured | undefined {
    const known = this.classes[index];
    return known && this.now() - known.at <= RECENT_MS ? known : undefined;
  }
}

function classOf(rows: number): number {
  return 31 - Math.clz32(rows);
}
