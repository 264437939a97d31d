import { createHistogram } from 'node:perf_hooks';
import type { RecordableHistogram } from 'node:perf_hooks';

import type { PredictionTiming } from '../../domain/prediction-timing.js';

/** Percentiles cover the last one to two windows of this length. */
const WINDOW_MS = 60_000;
/** Histograms count whole microseconds, two digits exact, up to an hour. */
const HISTOGRAM_RANGE = { lowest: 1, highest: 3_600_000_000, figures: 2 };
const ROWS = { lowest: 1, highest: 100_000_000, figures: 2 };

/** What is measured of each prediction. */
const PARTS = ['parse', 'validate', 'queue', 'infer', 'serialise', 'total'] as const;
type Part = (typeof PARTS)[number];

/** Median, 90th and 99th percentile. */
interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** Where the time of recent predictions went: milliseconds each, but for rows. */
export interface PredictionTimesReport {
  /** Predictions that the percentiles are of. */
  readonly count: number;
  readonly partsMs: Readonly<Record<Part, Percentiles>>;
  /** Rows in the calls that answered. */
  readonly batchRows: Percentiles;
}

type Window = Record<Part | 'rows', RecordableHistogram>;

/**
 * Durations of a run's recent predictions, in two windows: the current and the previous one, so that a report covers at
 * least one whole window and nothing older than two.
 */
export class PredictionTimes {
  private current: Window | undefined;
  private previous: Window | undefined;
  private startedAtMs = 0;

  /** @param now  milliseconds of a clock that only goes forward; for tests. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  record(timing: PredictionTiming): void {
    const { parseMs, validateMs, waitMs, inferMs, serializeMs } = timing;
    const window = this.window();
    window.parse.record(toHistogramValue(parseMs));
    window.validate.record(toHistogramValue(validateMs));
    window.queue.record(toHistogramValue(waitMs));
    window.infer.record(toHistogramValue(inferMs));
    window.serialise.record(toHistogramValue(serializeMs));
    window.total.record(toHistogramValue(parseMs + validateMs + waitMs + inferMs + serializeMs));
    window.rows.record(Math.max(1, timing.batchRows));
  }

  /** @returns undefined when there were no predictions lately. */
  report(): PredictionTimesReport | undefined {
    this.startWindow();
    const windows = [this.current, this.previous].filter((window) => window !== undefined);
    if (windows.length === 0) return undefined;
    const joined = newWindow();
    for (const window of windows) for (const key of KEYS) joined[key].add(window[key]);
    const partsMs = Object.fromEntries(PARTS.map((part) => [part, percentiles(joined[part], 1000)]));
    return {
      count: joined.total.count,
      partsMs: partsMs as Record<Part, Percentiles>,
      batchRows: percentiles(joined.rows, 1),
    };
  }

  private window(): Window {
    this.startWindow();
    if (!this.current) {
      this.current = newWindow();
      // The next window starts where this one ended; otherwise a late prediction would extend the previous window.
      if (!this.previous) this.startedAtMs = this.now();
    }
    return this.current;
  }

  private startWindow(): void {
    const ageMs = this.now() - this.startedAtMs;
    if (ageMs < WINDOW_MS) return;
    this.previous = ageMs < 2 * WINDOW_MS ? this.current : undefined;
    this.current = undefined;
    if (this.previous) this.startedAtMs += WINDOW_MS;
  }
}

const KEYS = [...PARTS, 'rows'] as const;

function newWindow(): Window {
  const times = PARTS.map((part) => [part, createHistogram(HISTOGRAM_RANGE)]);
  return Object.fromEntries([...times, ['rows', createHistogram(ROWS)]]) as Window;
}

function toHistogramValue(ms: number): number {
  return Math.max(1, Math.round(ms * 1000));
}

function percentiles(histogram: RecordableHistogram, factor: number): Percentiles {
  const at = (percentile: number) => histogram.percentile(percentile) / factor;
  return { p50: at(50), p90: at(90), p99: at(99) };
}
