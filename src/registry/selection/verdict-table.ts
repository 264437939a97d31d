import type { VerdictReason, Warning } from '../../domain/verdict.js';
import type { SourceModel } from '../../sources/run-source.js';
import { howToWin, whyServed } from './selection-reasons.js';
import type { RegisteredModel } from '../state/registered-run.js';

/** One line of the table: a run (or a card) and what is said of it. */
interface ReportLine {
  readonly model: string;
  readonly run: string;
  readonly metric: string;
  readonly verdict: string;
  readonly reasons: readonly VerdictReason[];
  readonly warnings: readonly Warning[];
}

/** What to do about a card that cannot be used; empty where it is not the card's fault. */
export function cardFix(issues: readonly string[]): string {
  const isOfCard = issues.some((issue) => issue.includes('card.json'));
  return isOfCard ? 'Write card.json as schemas/card.schema.json describes it.' : '';
}

/**
 * The verdicts on a store as a table for people: a line per run, and under it each reason and warning with what to do; then, for each
 * model, why its run serves and what would win. A sentence when there are no models.
 *
 * @param brokenModels  models whose card cannot be used.
 * @param isVisible  whether the run at a place of the store gets a line; all do unless set.
 */
export function formatReport(
  models: readonly RegisteredModel[],
  brokenModels: readonly SourceModel[],
  isVisible: (location: string) => boolean = () => true,
): string {
  if (models.length + brokenModels.length === 0) return 'There are no models.';
  const lines = models.flatMap((model) => linesOfModel(model, isVisible));
  const width = (key: 'model' | 'run' | 'metric') => Math.max(key.length, ...lines.map((line) => line[key].length));
  const [modelWidth, runWidth, metricWidth] = [width('model'), width('run'), width('metric')];
  const row = (model: string, run: string, metric: string, verdict: string) =>
    `${model.padEnd(modelWidth)}  ${run.padEnd(runWidth)}  ${metric.padEnd(metricWidth)}  ${verdict}`.trimEnd();
  return [
    row('MODEL', 'RUN', 'METRIC', 'VERDICT'),
    ...lines.flatMap((line) => [
      row(line.model, line.run, line.metric, line.verdict),
      ...line.reasons.map(({ code, message, fix }) => `  ${code}: ${message}\n    → ${fix}`),
      ...line.warnings.map(({ code, message, fix }) => `  warning ${code}: ${message}\n    → ${fix}`),
    ]),
    ...brokenModels.flatMap(({ location, issues }) => [
      row(location, '-', '-', 'card not usable'),
      ...issues.map((problem) => `  ${problem}`),
      ...[cardFix(issues)].filter(Boolean).map((fix) => `    → ${fix}`),
    ]),
    ...models.flatMap((model) => [`\n${model.card.name}: ${whyServed(model)}`, `  To win: ${howToWin(model)}`]),
  ].join('\n');
}

function linesOfModel(model: RegisteredModel, isVisible: (location: string) => boolean): ReportLine[] {
  const { name, selection } = model.card;
  const shownRuns = model.runs.filter(({ sourceRun }) => isVisible(sourceRun.location));
  const rankedRuns = shownRuns.map((registered): ReportLine => {
    const isBest = model.best?.registered === registered;
    return {
      model: name,
      run: registered.run.run_id,
      metric: `${selection.metric} ${registered.value?.toFixed(4) ?? 'none'}`,
      verdict: isBest ? 'best: served' : registered.verdict.eligible ? 'eligible' : 'not eligible',
      reasons: registered.verdict.reasons,
      warnings: registered.verdict.warnings,
    };
  });
  const shownUnreadable = model.unreadable.filter(({ location }) => isVisible(location));
  const unreadable = shownUnreadable.map(({ location, reasons }): ReportLine => {
    return { model: name, run: location, metric: '-', verdict: 'not eligible', reasons, warnings: [] };
  });
  const none: ReportLine[] = rankedRuns.length + unreadable.length > 0 ? [] : [emptyLine(name)];
  return [...rankedRuns, ...unreadable, ...none];
}

function emptyLine(model: string): ReportLine {
  return { model, run: '-', metric: '-', verdict: 'no runs', reasons: [], warnings: [] };
}
