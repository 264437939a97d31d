import { compareOutput, comparisonOf } from '../../codec/examples-match.js';
import type { PromotionPolicy } from '../../domain/card.js';
import type { JsonObject } from '../../lib/json/json.js';
import { PredictionTiming } from '../../domain/prediction-timing.js';
import type { Run } from '../../domain/run.js';
import { RunError, warning } from '../../domain/verdict.js';
import type { Warning } from '../../domain/verdict.js';
import { measureArtifact } from '../../sources/artifact-size.js';
import type { SourceRun } from '../../sources/run-source.js';
import { predictionFailure } from '../loading/failure-reason.js';
import { LOOK_FOR_NAN, unexpectedNulls } from '../loading/null-outputs.js';
import type { NullOutput } from '../loading/null-outputs.js';
import type { LoadedRun } from '../loading/loaded-run.js';
import type { PredictOptions } from '../loading/predict-options.js';

/** Calls of one row whose median is the latency of a run. */
const TIMED_CALLS = 15;

/** What a rehearsal needs to know. */
interface Rehearsal {
  /** The run that answers clients now. */
  readonly current: LoadedRun;
  readonly policy: PromotionPolicy;
  readonly timeoutMs: number;
}

/**
 * The rehearsal: replays the champion's examples on the challenger before it serves clients. Every answer must satisfy
 * the champion's contract and the owner's limits.
 *
 * @returns warnings about the answers.
 * @throws RunError REHEARSAL_FAILED with a sentence.
 */
export async function rehearse(candidate: LoadedRun, { current, policy, timeoutMs }: Rehearsal): Promise<Warning[]> {
  const { examples } = current.run;
  const outputs = await replay(
    candidate,
    examples.map(({ input }) => input),
    timeoutMs,
  );
  requireShape(outputs, current);
  const nulls = findNewNulls(candidate.run, current.run, outputs);
  requireSameLabels(candidate, current, outputs, policy.max_label_changes);
  return nulls.map(({ field }) =>
    warning(
      'ANSWERS_NULL',
      `The field "${field}" is null for some examples of run "${current.run.run_id}", which serves.`,
    ),
  );
}

/** Numbers of the served run that the candidate answers with null: where it has no other answer, it is broken. */
function findNewNulls(candidate: Run, { examples }: Run, outputs: readonly JsonObject[]): NullOutput[] {
  const recorded = examples.map(({ output }) => output);
  const nulls = unexpectedNulls(candidate, outputs, recorded).filter(
    ({ field, isRecorded }) => !isRecorded && recorded.some((output) => Object.hasOwn(output, field)),
  );
  const broken = nulls.find(({ isEvery }) => isEvery);
  if (broken) fail(`The field "${broken.field}" is null for every example of the served run: ${LOOK_FOR_NAN}.`);
  return nulls;
}

/**
 * Checks the size of an artifact, before it is loaded.
 *
 * @throws RunError REHEARSAL_FAILED when it has more bytes than the owner allows.
 */
export async function requireSize(sourceRun: SourceRun, run: Run, policy: PromotionPolicy): Promise<void> {
  const limit = policy.max_size_bytes;
  if (limit === undefined) return;
  // What cannot be opened or measured cannot be loaded either, and loading it says why.
  const bytes = await measureArtifact(sourceRun, run).catch(() => 0);
  if (bytes > limit) fail(`The artifact has ${bytes} bytes; card.json allows ${limit}.`);
}

function replay(candidate: LoadedRun, rows: readonly JsonObject[], timeoutMs: number): Promise<JsonObject[]> {
  const options = { source: 'body', mode: 'strict', locOf: (i: number) => ['examples', i, 'input'] } as const;
  const include = new Set(candidate.onRequestFields);
  return tryToPredict(candidate, rows, { ...options, include, timeoutMs }, 'An example of the served run');
}

/** @param what  the rows, as the subject of a sentence. */
async function tryToPredict(
  candidate: LoadedRun,
  rows: readonly JsonObject[],
  options: PredictOptions,
  what: string,
): Promise<JsonObject[]> {
  try {
    return await candidate.predict(rows, options);
  } catch (error) {
    const sentence = predictionFailure(error, `${what} could not be computed.`, `${what} is refused: `);
    if (sentence === undefined) throw error;
    return fail(sentence, error);
  }
}

/** Fields that the champion's contract does not have are not checked. */
function requireShape(outputs: readonly JsonObject[], { codec }: LoadedRun): void {
  outputs.forEach((answer, i) => {
    const found = codec.outputs.check(answer);
    if (found) fail(`Its answer to example ${i} of the served run is outside the contract: ${found}.`);
  });
}

/** Labels must be equal, regardless of the run's tolerance; only the last digits of a float may differ. */
const SAME_LABEL = 1e-6;

function requireSameLabels(
  candidate: LoadedRun,
  current: LoadedRun,
  outputs: readonly JsonObject[],
  limit: number | undefined,
): void {
  if (limit === undefined) return;
  const { examples } = current.run;
  const { primaryFields } = current.codec.decoder;
  const comparison = comparisonOf(current.run, SAME_LABEL);
  const changed = examples.filter(({ output }, i) => {
    const expected = Object.fromEntries(
      primaryFields.filter((name) => Object.hasOwn(output, name)).map((name) => [name, output[name]!]),
    );
    return compareOutput(outputs[i]!, expected, comparison) !== undefined;
  });
  if (changed.length <= limit * examples.length) return;
  fail(
    `${changed.length} of ${examples.length} examples of the served run get another answer; ` +
      `card.json allows a share of ${limit}.`,
  );
}

/**
 * Checks the time of the model for one row, where it is to serve.
 *
 * @param limitMs  what the owner allows, milliseconds; anything unless set.
 * @throws RunError REHEARSAL_FAILED with a sentence.
 */
export async function requireLatency(
  candidate: LoadedRun,
  limitMs: number | undefined,
  timeoutMs: number,
): Promise<void> {
  if (limitMs === undefined) return;
  const times: number[] = [];
  for (let i = 0; i < TIMED_CALLS; i++) {
    const { input } = candidate.run.examples[i % candidate.run.examples.length]!;
    // Time of the call without waiting for a thread: a busy server must not count against the run.
    const timing = new PredictionTiming();
    const options = { source: 'body', mode: 'strict', locOf: () => [], include: new Set<string>() } as const;
    await tryToPredict(candidate, [input], { ...options, timeoutMs, timing }, 'One of its own examples');
    times.push(timing.inferMs);
  }
  const medianMs = times.sort((a, b) => a - b)[TIMED_CALLS >> 1]!;
  if (medianMs > limitMs) fail(`One row takes ${medianMs.toFixed(2)} ms; card.json allows ${limitMs} ms.`);
}

function fail(message: string, cause?: unknown): never {
  throw new RunError('REHEARSAL_FAILED', message, { cause });
}
