import { compareOutput, comparisonOf } from '../../../codec/examples-match.js';
import { fieldOf } from '../../../codec/rows.js';
import type { Run } from '../../../domain/run.js';
import { isJsonObject } from '../../../lib/json/json.js';
import type { JsonObject, JsonValue } from '../../../lib/json/json.js';

/** An example, what the run answers to it, and whether that is what was recorded. */
export interface ReplayedExample {
  readonly input: JsonObject;
  readonly expected: JsonObject;
  readonly actual: JsonObject;
  readonly matches: boolean;
}

/** A value inside an answer: a field, a member of an object, an item of a list. */
export interface AnswerValue {
  /** `a`, `a.b`, `a[1]`. */
  readonly path: string;
  /** The output field. */
  readonly field: string;
  readonly value: JsonValue;
}

/** @param outputs  one per example, as clients would get them. */
export function replayedExamples(run: Run, outputs: readonly JsonObject[]): ReplayedExample[] {
  const comparison = comparisonOf(run);
  return outputs.map((actual, i) => {
    const { input, output: expected } = run.examples[i]!;
    return { input, expected, actual, matches: compareOutput(actual, expected, comparison) === undefined };
  });
}

/** The values of an answer, one level deep. */
export function valuesOf(answer: JsonObject): AnswerValue[] {
  return Object.entries(answer).flatMap(([field, value]): AnswerValue[] => {
    if (Array.isArray(value)) return value.map((item, i) => ({ path: `${field}[${i}]`, field, value: item }));
    if (!isJsonObject(value)) return [{ path: field, field, value }];
    return Object.entries(value).map(([key, member]) => ({ path: `${field}.${key}`, field, value: member }));
  });
}

/** The numbers that stand at a place of every answer, by that place. */
export function numbersByPath(answers: readonly JsonObject[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const answer of answers) {
    for (const { path, value } of valuesOf(answer)) {
      if (typeof value !== 'number') continue;
      const list = found.get(path) ?? [];
      list.push(value);
      found.set(path, list);
    }
  }
  return new Map([...found].filter(([, list]) => list.length === answers.length));
}

/** Whether the trainer recorded this field, and the run gives it, in one and the same way. */
export function fits(run: Run, field: string, { expected, actual }: ReplayedExample): boolean {
  const recorded = fieldOf(expected, field);
  if (recorded === undefined) return true;
  return compareOutput(actual, { [field]: recorded }, comparisonOf(run)) === undefined;
}
