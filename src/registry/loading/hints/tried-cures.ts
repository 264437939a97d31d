import { compareOutput, comparisonOf } from '../../../codec/examples-match.js';
import { AppError } from '../../../domain/app-error.js';
import { fieldOf } from '../../../codec/rows.js';
import type { DecodeOf } from '../../../domain/decode-spec.js';
import type { Run } from '../../../domain/run.js';
import { ValidationError } from '../../../domain/validation-issue.js';
import { RunError } from '../../../domain/verdict.js';
import { stringifyJson } from '../../../lib/json/json-text.js';
import { isJsonObject } from '../../../lib/json/json.js';
import type { JsonObject, JsonValue } from '../../../lib/json/json.js';
import type { CureBudget } from './cure-budget.js';
import { cureCandidates } from './cure-candidates.js';
import type { CureCandidate } from './cure-candidates.js';

/** How long changes of one run are tried, milliseconds; the present call is waited for. */
const TRIAL_MS = 4_000;

/**
 * Tries changes of a run that does not repeat its examples, until one of them does.
 *
 * @param answer  computes what a changed run answers to the examples, or to the first of them, in order.
 * @param budget  for all runs together.
 * @returns a sentence with the change to make; undefined when none of them helps, or there is no time to look for one.
 */
export async function findCure(run: Run, answer: AnswerOf, budget: CureBudget): Promise<string | undefined> {
  const limitMs = Math.min(TRIAL_MS, budget.remainingMs);
  if (limitMs === 0) return undefined;
  return budget.spend(
    async () => (await changeCure(run, answer, performance.now() + limitMs)) ?? (await thresholdCure(run, answer)),
  );
}

/** Answers of a changed run to the examples, or to the first of them, in order. */
export type AnswerOf = (changed: Run) => Promise<readonly JsonObject[]>;

async function changeCure(run: Run, answer: AnswerOf, endMs: number): Promise<string | undefined> {
  const tried = new Set<string>();
  for (const candidate of cureCandidates(run)) {
    if (performance.now() > endMs) return undefined;
    const changed = changedBy(run, candidate);
    const key = stringifyJson([changed.encode, changed.decode] as never);
    if (tried.has(key)) continue;
    tried.add(key);
    const outcome = await outcomeOf(changed, answer);
    if (outcome === 'over') return undefined;
    if (outcome === 'cured') return `The examples get their recorded answers with ${candidate.what}.`;
  }
  return undefined;
}

function changedBy(run: Run, { encode = run.encode, decode = run.decode }: CureCandidate): Run {
  return { ...run, encode, decode };
}

async function outcomeOf(changed: Run, answer: AnswerOf): Promise<'cured' | 'failed' | 'over'> {
  let outputs: readonly JsonObject[];
  try {
    outputs = await answer(changed);
  } catch (error) {
    const isRefusal = error instanceof RunError || error instanceof ValidationError;
    return isRefusal || (error instanceof AppError && error.code === 'PREDICTION_FAILED') ? 'failed' : 'over';
  }
  const comparison = comparisonOf(changed);
  const examples = changed.examples.slice(0, outputs.length);
  // Labels alone are few: many changes of the inputs leave them as they are.
  const isTelling = examples.some(({ output }) => hasFraction(output));
  const isCured = outputs.every((output, i) => !compareOutput(output, examples[i]!.output, comparison));
  return isCured && isTelling ? 'cured' : 'failed';
}

function hasFraction(value: JsonValue): boolean {
  if (typeof value === 'number') return !Number.isInteger(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasFraction);
}

/** The field that shows probabilities which the run does not give. */
const SHOWN = '(probability)';

/**
 * Labels that the trainer took from probabilities by a threshold which the run does not have, where no answer shows those.
 *
 * @returns a sentence; undefined unless thresholds give every recorded label.
 */
async function thresholdCure(run: Run, answer: AnswerOf): Promise<string | undefined> {
  const { decode } = run;
  if (decode.kind !== 'multi-label' && (decode.kind !== 'binary' || decode.probability_field !== undefined))
    return undefined;
  const shown = withProbabilities(run, decode);
  let outputs: readonly JsonObject[];
  try {
    outputs = await answer(shown);
  } catch {
    return undefined;
  }
  const labels = decode.kind === 'binary' ? [decode.labels[1]] : decode.labels;
  const ranges = labels.map((label): Range => {
    const range = { below: -Infinity, from: Infinity };
    for (const [i, output] of outputs.entries()) {
      const recorded = fieldOf(run.examples[i]!.output, decode.field);
      const probability = probabilityOf(output, shown, label);
      if (recorded === undefined || probability === undefined) continue;
      const isGiven = Array.isArray(recorded) ? recorded.includes(label) : recorded === label;
      if (isGiven) range.from = Math.min(range.from, probability);
      else range.below = Math.max(range.below, probability);
    }
    return range;
  });
  if (!ranges.every(({ below, from }) => below < from)) return undefined;
  const { threshold = 0.5 } = decode;
  const present = [threshold].flat();
  // The labels differ by something else, such as their order.
  if (
    ranges.every(({ below, from }, i) => below < present[i % present.length]! && present[i % present.length]! <= from)
  )
    return undefined;
  const common = {
    below: Math.max(...ranges.map(({ below }) => below)),
    from: Math.min(...ranges.map(({ from }) => from)),
  };
  if (!Number.isFinite(common.below) || !Number.isFinite(common.from)) return undefined;
  const start = `The labels of "${decode.field}" change where the probability is`;
  if (common.below < common.from) return `${start} between ${common.below} and ${common.from}: set decode.threshold.`;
  const places = ranges.map(({ below, from }, i) => `between ${below} and ${from} (${stringifyJson(labels[i]!)})`);
  return `${start} ${places.slice(0, MAX_LABELS).join(', ')}: set decode.threshold, one for each label.`;
}

const MAX_LABELS = 8;

/** The highest probability of rows without a label, and the lowest of those with it. */
interface Range {
  readonly below: number;
  readonly from: number;
}

/** The run with the probabilities that its labels come from in its answers. */
function withProbabilities(run: Run, decode: DecodeOf<'binary'> | DecodeOf<'multi-label'>): Run {
  if (decode.kind === 'multi-label' && decode.probabilities_field !== undefined) return run;
  const output = run.signature.output;
  const type = decode.kind === 'binary' ? { type: ['number', 'null'] as const } : { type: 'object' as const };
  const signature = { ...run.signature, output: { ...output, properties: { ...output.properties, [SHOWN]: type } } };
  const shown = decode.kind === 'binary' ? { probability_field: SHOWN } : { probabilities_field: SHOWN };
  return { ...run, signature, decode: { ...decode, ...shown } };
}

function probabilityOf(output: JsonObject, { decode }: Run, label: JsonValue): number | undefined {
  if (decode.kind === 'binary') return numberOr(output[decode.probability_field!]);
  if (decode.kind !== 'multi-label') return undefined;
  const all = output[decode.probabilities_field!];
  return isJsonObject(all) ? numberOr(fieldOf(all, label as string)) : undefined;
}

function numberOr(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
