import type { VerdictReason } from '../../domain/verdict.js';
import type { SourcedRun } from '../../sources/run-source.js';
import type { RegisteredModel } from '../state/registered-run.js';

/** Lines for one look at the store; a store with thousands of pickles is not told run by run. */
const MOST_LINES = 20;

/** Reasons that are nobody's mistake: a store of MLflow is full of runs that were never meant to be served. */
const SILENT: ReadonlySet<string> = new Set(['NOT_EXAMINED', 'FORMAT_UNSUPPORTED', 'MODEL_MISSING']);

/** Tells the operator once of each run that cannot be served for what its folder or its record holds. */
export class VerdictLog {
  private told: ReadonlySet<string> = new Set();

  constructor(private readonly warn: (line: string) => void) {}

  /** To be called after each look, with all models. */
  tell(models: readonly RegisteredModel[]): void {
    const found = models.flatMap(({ runs, unreadable }) => [
      ...unreadable,
      ...runs.map(({ sourced: { place }, soundness: reasons }) => ({ place, reasons })),
    ]);
    const lines = new Set(found.flatMap(linesOf));
    const news = [...lines].filter((line) => !this.told.has(line));
    for (const line of news.slice(0, MOST_LINES)) this.warn(line);
    const more = news.length - MOST_LINES;
    if (more > 0)
      this.warn(`${more} more are not eligible: GET /models/{model}/selection lists them with their reasons`);
    this.told = lines;
  }
}

function linesOf({ place, reasons }: Pick<SourcedRun, 'place' | 'reasons'>): string[] {
  const isWorthTelling = ({ code }: VerdictReason) => !SILENT.has(code);
  return reasons.filter(isWorthTelling).map(({ code, message }) => `Run ${place} is not eligible: ${code}: ${message}`);
}
