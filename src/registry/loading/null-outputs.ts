import { fieldOf } from '../../codec/rows.js';
import { isJsonObject } from '../../lib/json/json.js';
import type { JsonObject, JsonValue } from '../../lib/json/json.js';
import type { Run } from '../../domain/run.js';
import { outputTypesOf } from '../../domain/signature.js';
import type { OutputFieldSchema } from '../../domain/signature.js';

/** A numeric output field that is null in outputs; NaN and the infinities are written as null. */
export interface NullOutput {
  readonly field: string;
  /** Whether there is no number in any answer. */
  readonly isEvery: boolean;
  /** Whether the trainer recorded null too. */
  readonly isRecorded: boolean;
}

/** What to check when a model answers NaN; the middle of a sentence. */
export const LOOK_FOR_NAN = 'look for NaN among its weights, or for a scaler that divides by zero';

/**
 * Numbers that are null in answers although the trainer saw none that were, or that are null in every answer.
 *
 * @param outputs  one per example, in order.
 * @param recorded  what the answers should have been; those of the run's examples unless given.
 */
export function unexpectedNulls(
  run: Run,
  outputs: readonly JsonObject[],
  recorded: readonly JsonObject[] = run.examples.map(({ output }) => output),
): NullOutput[] {
  return numberFields(run).flatMap((field): NullOutput[] => {
    const values = valuesOf(outputs, field);
    const isEvery = values.every((value) => value === null);
    const isRecorded = valuesOf(recorded, field).includes(null);
    return values.includes(null) && (isEvery || !isRecorded) ? [{ field, isEvery, isRecorded }] : [];
  });
}

/** Output fields of numbers. One that repeats an input is null for clients who leave that out. */
function numberFields({ signature, decode }: Run): string[] {
  return Object.entries(signature.output.properties)
    .filter(([name, schema]) => isOfNumbers(schema) && !Object.hasOwn(decode.echo ?? {}, name))
    .map(([name]) => name);
}

/** Whether a field holds a number, or a list or an object of nothing but numbers. */
export function isOfNumbers(schema: OutputFieldSchema): boolean {
  const { type, items, properties = {}, additionalProperties: others } = schema;
  if (items) return isOfNumbers(items);
  const members = [...Object.values(properties), ...(typeof others === 'object' ? [others] : [])];
  if (members.length > 0) return members.every(isOfNumbers);
  return type !== undefined && outputTypesOf(schema).some((one) => one === 'number' || one === 'integer');
}

function valuesOf(rows: readonly JsonObject[], field: string): JsonValue[] {
  return rows.flatMap((row) => flattenValue(fieldOf(row, field)));
}

/** The values in lists and objects, however deep. */
function flattenValue(value: JsonValue | undefined): JsonValue[] {
  if (value === undefined) return [];
  if (isJsonObject(value)) return Object.values(value).flatMap(flattenValue);
  return Array.isArray(value) ? value.flatMap(flattenValue) : [value];
}

/** Whether there is a text in lists or objects. Makes no list of its own: an image is 150,000 numbers. */
export function containsText(value: JsonValue | undefined): boolean {
  if (isJsonObject(value)) return Object.values(value).some(containsText);
  return Array.isArray(value) ? value.some(containsText) : typeof value === 'string';
}
