/**
 * The report every run carries, computed on held-out rows only; the same definitions as training/python.
 * Overall numbers are means over the classes weighted by support. A ratio with nothing below it is 0.
 */
export interface Report {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly num_samples: number;
}

export type Average = 'weighted' | 'micro';

/** 0 or 1 per row and class: [rows][classes]. */
export type Indicators = readonly (readonly number[])[];

/** What `metrics` and `performance` of a run are made from. `classes` name the columns. */
export interface Evaluated {
  readonly truth: Indicators;
  readonly predicted: Indicators;
  readonly slices: readonly (readonly string[])[];
  readonly classes: readonly string[];
}

export interface Performance {
  readonly overall: Report;
  readonly class: Readonly<Record<string, Report>>;
  readonly slices: { readonly overall: Report; readonly class: Readonly<Record<string, Report>> };
}

/** Overall, per class and per slice. Slices are averaged as `sliceAverage` says; their overall weighs them by rows. */
export function performanceOf({ truth, predicted, slices, classes }: Evaluated, sliceAverage: Average): Performance {
  const names = [...new Set(slices.flat())].sort();
  const bySlice = names.map((name): [string, Report] => {
    const inSlice = (_: unknown, row: number): boolean => slices[row]!.includes(name);
    return [name, reportOf(truth.filter(inSlice), predicted.filter(inSlice), sliceAverage)];
  });
  const byClass = classes.map((name, column): [string, Report] => [name, classReport(truth, predicted, column)]);
  return {
    overall: reportOf(truth, predicted, 'weighted'),
    class: Object.fromEntries(byClass),
    slices: { overall: meanByRows(bySlice.map(([, report]) => report)), class: Object.fromEntries(bySlice) },
  };
}

/** Precision, recall and f1 of all classes together. */
export function reportOf(truth: Indicators, predicted: Indicators, average: Average): Report {
  const columns = (truth[0] ?? []).map((_, column) => countsOf(truth, predicted, column));
  const overall = average === 'micro' ? ratiosOf(sumOf(columns)) : weightedMean(columns);
  return { ...overall, num_samples: truth.length };
}

/** The threshold of `candidates` with the highest weighted f1 (the first of equals), and that f1. */
export function bestThreshold(
  truth: Indicators,
  probabilities: Indicators,
  candidates: readonly number[],
): { threshold: number; f1: number } {
  let best = { threshold: Number.NaN, f1: -1 };
  for (const threshold of candidates) {
    const { f1 } = reportOf(truth, atThreshold(probabilities, threshold), 'weighted');
    if (f1 > best.f1) best = { threshold, f1 };
  }
  return best;
}

/** 0.05, 0.06 … as hundredths, both ends included. */
export function hundredths(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => (from + i) / 100);
}

/** 1 where the probability is at or above the threshold. */
export function atThreshold(probabilities: Indicators, threshold: number): number[][] {
  return probabilities.map((row) => row.map((probability) => Number(probability >= threshold)));
}

/** Share of rows with every class right. */
export function exactMatch(truth: Indicators, predicted: Indicators): number {
  return truth.filter((row, i) => row.every((value, column) => value === predicted[i]![column])).length / truth.length;
}

/** Mean over all cells; probabilities are kept 1e-7 away from 0 and 1. */
export function logLoss(truth: Indicators, probabilities: Indicators): number {
  const losses = truth.flatMap((row, i) =>
    row.map((value, column) => {
      const p = Math.min(Math.max(probabilities[i]![column]!, 1e-7), 1 - 1e-7);
      return -(value * Math.log(p) + (1 - value) * Math.log(1 - p));
    }),
  );
  return mean(losses);
}

/** Mean over the rows, of the true class; probabilities are kept at 1e-7 or above. */
export function classLogLoss(truth: readonly number[], probabilities: Indicators): number {
  return mean(truth.map((target, i) => -Math.log(Math.max(probabilities[i]![target]!, 1e-7))));
}

/** Area under the ROC curve, mean over the classes; equal probabilities count half. */
export function rocAuc(truth: Indicators, probabilities: Indicators): number {
  const areas = (truth[0] ?? []).map((_, column) => {
    const of = (wanted: number): number[] =>
      probabilities.filter((_row, i) => truth[i]![column] === wanted).map((row) => row[column]!);
    const wins = of(1).flatMap((positive) => of(0).map((negative) => 0.5 * (1 + Math.sign(positive - negative))));
    return mean(wins);
  });
  return mean(areas);
}

interface Counts {
  readonly hits: number;
  readonly predicted: number;
  readonly actual: number;
}

function countsOf(truth: Indicators, predicted: Indicators, column: number): Counts {
  let [hits, given, actual] = [0, 0, 0];
  truth.forEach((row, i) => {
    hits += row[column]! * predicted[i]![column]!;
    given += predicted[i]![column]!;
    actual += row[column]!;
  });
  return { hits, predicted: given, actual };
}

function ratiosOf({ hits, predicted, actual }: Counts): Omit<Report, 'num_samples'> {
  return { precision: ratio(hits, predicted), recall: ratio(hits, actual), f1: ratio(2 * hits, predicted + actual) };
}

function classReport(truth: Indicators, predicted: Indicators, column: number): Report {
  const counts = countsOf(truth, predicted, column);
  return { ...ratiosOf(counts), num_samples: counts.actual };
}

function weightedMean(columns: readonly Counts[]): Omit<Report, 'num_samples'> {
  return meanByRows(columns.map((counts) => ({ ...ratiosOf(counts), num_samples: counts.actual })));
}

function meanByRows(reports: readonly Report[]): Report {
  const total = reports.reduce((sum, report) => sum + report.num_samples, 0);
  const of = (key: 'precision' | 'recall' | 'f1'): number =>
    ratio(
      reports.reduce((sum, report) => sum + report[key] * report.num_samples, 0),
      total,
    );
  return { precision: of('precision'), recall: of('recall'), f1: of('f1'), num_samples: total };
}

function sumOf(columns: readonly Counts[]): Counts {
  const of = (key: keyof Counts): number => columns.reduce((sum, counts) => sum + counts[key], 0);
  return { hits: of('hits'), predicted: of('predicted'), actual: of('actual') };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
