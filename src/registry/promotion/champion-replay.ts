import { compareOutput } from '../../codec/examples-match.js';
import { compileRowValidator } from '../../codec/validate/row-validator.js';
import type { PromotionPolicy } from '../../domain/card.js';
import type { JsonObject } from '../../lib/json.js';
import { PredictionTiming } from '../../domain/prediction-timing.js';
import type { Run } from '../../domain/run.js';
import type { RowSchema } from '../../domain/signature.js';
import { ValidationError } from '../../domain/validation-problem.js';
import type { ValidationProblem } from '../../domain/validation-problem.js';
import { RunProblem, warning } from '../../domain/verdict.js';
import type { Warning } from '../../domain/verdict.js';
import { measureArtifact } from '../../sources/artifact-size.js';
import type { SourcedRun } from '../../sources/run-source.js';
import { LOOK_FOR_NAN, unexplainedNulls } from '../loading/null-outputs.js';
import type { NullAnswers } from '../loading/null-outputs.js';
import type { ServedRun } from '../loading/loaded-run.js';

/** Calls of one row whose median is the latency of a run. */
const TIMED_CALLS = 15;

/** What a rehearsal needs to know. */
export interface Rehearsal {
  /** The run that answers clients now. */
  readonly served: ServedRun;
  readonly policy: PromotionPolicy;
  readonly timeoutMs: number;
}

/**
 * Lets a run that would take over answer what the served run's clients ask, before any client meets it: every example of
 * the served run must get an answer within the served contract, and the owner's limits must be kept.
 *
 * @returns what is worth knowing of its answers.
 * @throws RunProblem REHEARSAL_FAILED with a sentence.
 */
export async function rehearse(candidate: ServedRun, { served, policy, timeoutMs }: Rehearsal): Promise<Warning[]> {
  const { examples, signature } = served.run;
  const answers = await replay(
    candidate,
    examples.map(({ input }) => input),
    timeoutMs,
  );
  requireShape(answers, signature.output);
  const nulls = newNulls(candidate.run, served.run, answers);
  requireFewChanges(candidate, served, answers, policy.max_label_changes);
  await requireSpeed(candidate, policy.max_latency_ms, timeoutMs);
  return nulls.map(({ field }) =>
    warning(
      'ANSWERS_NULL',
      `The field "${field}" is null for some examples of run "${served.run.run_id}", which serves.`,
    ),
  );
}

/** Numbers of the served run that the candidate answers with null: where it has no other answer, it is broken. */
function newNulls(candidate: Run, { examples }: Run, answers: readonly JsonObject[]): NullAnswers[] {
  const recorded = examples.map(({ output }) => output);
  const nulls = unexplainedNulls(candidate, answers, recorded).filter(
    ({ field, isRecorded }) => !isRecorded && recorded.some((output) => Object.hasOwn(output, field)),
  );
  const broken = nulls.find(({ isEvery }) => isEvery);
  if (broken) fail(`The field "${broken.field}" is null for every example of the served run: ${LOOK_FOR_NAN}.`);
  return nulls;
}

/**
 * Checks the size of an artifact, before it is loaded.
 *
 * @throws RunProblem REHEARSAL_FAILED when it has more bytes than the owner allows.
 */
export async function requireSize(sourced: SourcedRun, run: Run, policy: PromotionPolicy): Promise<void> {
  const limit = policy.max_size_bytes;
  if (limit === undefined) return;
  // What cannot be opened or measured cannot be loaded either, and loading it says why.
  const bytes = await measureArtifact(sourced, run).catch(() => 0);
  if (bytes > limit) fail(`The artifact has ${bytes} bytes; card.json allows ${limit}.`);
}

async function replay(candidate: ServedRun, rows: readonly JsonObject[], timeoutMs: number): Promise<JsonObject[]> {
  try {
    return await candidate.predict(rows, {
      source: 'body',
      mode: 'strict',
      locOf: (i) => ['examples', i, 'input'],
      include: new Set(candidate.onRequestFields),
      timeoutMs,
    });
  } catch (error) {
    const first = error instanceof ValidationError ? error.problems[0] : undefined;
    return fail(
      first
        ? `An example of the served run is refused: ${first.loc.join('.')}: ${first.msg}.`
        : 'The examples of the served run could not be computed.',
      error,
    );
  }
}

/** Fields that the served contract does not know are the candidate's own affair. */
function requireShape(answers: readonly JsonObject[], output: RowSchema): void {
  const validator = compileRowValidator({ ...output, additionalProperties: true }, '/signature/output');
  answers.forEach((answer, i) => {
    const problems: ValidationProblem[] = [];
    const given = Object.fromEntries(Object.entries(answer).filter(([name]) => Object.hasOwn(output.properties, name)));
    validator.validate(given, [], { source: 'body', mode: 'strict' }, problems);
    const [first] = problems;
    if (first) fail(`Its answer to example ${i} of the served run is outside the contract: ${said(first)}.`);
  });
}

/** Labels are the same or they are not, whatever tolerance a run asks for; only the last digits of a float may differ. */
const SAME_LABEL = 1e-6;

function requireFewChanges(
  candidate: ServedRun,
  served: ServedRun,
  answers: readonly JsonObject[],
  limit: number | undefined,
): void {
  if (limit === undefined) return;
  const { examples } = served.run;
  const { primaryFields } = served.codec.decoder;
  const changed = examples.filter(({ output }, i) => {
    const expected = Object.fromEntries(
      primaryFields.filter((name) => Object.hasOwn(output, name)).map((name) => [name, output[name]!]),
    );
    return compareOutput(answers[i]!, expected, SAME_LABEL) !== undefined;
  });
  if (changed.length <= limit * examples.length) return;
  fail(
    `${changed.length} of ${examples.length} examples of the served run get another answer; ` +
      `card.json allows a share of ${limit}.`,
  );
}

async function requireSpeed(candidate: ServedRun, limitMs: number | undefined, timeoutMs: number): Promise<void> {
  if (limitMs === undefined) return;
  const times: number[] = [];
  for (let i = 0; i < TIMED_CALLS; i++) {
    const { input } = candidate.run.examples[i % candidate.run.examples.length]!;
    // What the call takes, without waiting for a thread: a busy server is not the run's fault.
    const timing = new PredictionTiming();
    const options = { source: 'body', mode: 'strict', locOf: () => [], include: new Set<string>() } as const;
    await candidate.predict([input], { ...options, timeoutMs, timing });
    times.push(timing.inferMs);
  }
  const medianMs = times.sort((a, b) => a - b)[TIMED_CALLS >> 1]!;
  if (medianMs > limitMs) fail(`One row takes ${medianMs.toFixed(2)} ms; card.json allows ${limitMs} ms.`);
}

function said({ loc, msg }: ValidationProblem): string {
  return `${loc.join('.')}: ${msg}`;
}

function fail(message: string, cause?: unknown): never {
  throw new RunProblem('REHEARSAL_FAILED', message, { cause });
}
