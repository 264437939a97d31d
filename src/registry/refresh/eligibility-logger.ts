import { reasonText } from '../../domain/verdict.js';
import type { VerdictReason } from '../../domain/verdict.js';
import type { SourceRun } from '../../sources/run-source.js';
import type { RegisteredModel } from '../state/registered-run.js';

/** Maximum number of lines per poll; a store with thousands of pickles is not listed run by run. */
const MAX_LINES = 20;

/** Reasons that are no mistake, or none yet: an MLflow store is full of runs that were never meant to be served. */
const IGNORED_CODES: ReadonlySet<string> = new Set([
  'NOT_EXAMINED',
  'BEING_CHECKED',
  'FORMAT_UNSUPPORTED',
  'MODEL_MISSING',
]);

/** Logs once for each run why it cannot be served. */
export class EligibilityLogger {
  private logged: ReadonlySet<string> = new Set();

  constructor(private readonly warn: (line: string) => void) {}

  /** To be called after each poll, with all models. */
  log(models: readonly RegisteredModel[]): void {
    const found = models.flatMap(({ runs, unreadable }) => [
      ...unreadable,
      ...runs.map(({ sourceRun: { location }, staticReasons: reasons }) => ({ location, reasons })),
    ]);
    const lines = new Set(found.flatMap(linesOf));
    const newLines = [...lines].filter((line) => !this.logged.has(line));
    for (const line of newLines.slice(0, MAX_LINES)) this.warn(line);
    const more = newLines.length - MAX_LINES;
    if (more > 0)
      this.warn(`${more} more are not eligible: GET /models/{model}/selection lists them with their reasons`);
    this.logged = lines;
  }
}

function linesOf({ location, reasons }: Pick<SourceRun, 'location' | 'reasons'>): string[] {
  const mustLog = ({ code }: VerdictReason) => !IGNORED_CODES.has(code);
  return reasons.filter(mustLog).map((reason) => `Run ${location} is not eligible: ${reasonText(reason)}`);
}
