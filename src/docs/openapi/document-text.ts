import { isJsonObject } from '../../lib/json.js';
import { stringifyJson } from '../../lib/json-text.js';
import type { OpenApiDocument } from './openapi-types.js';

/** A part of a document that is written already. */
export class JsonText {
  constructor(readonly text: string) {}
}

/** Levels of objects that are written member by member: as far as single operations and single schemas. */
const LEVELS = 2;

/** A document as JSON text. Pauses after each operation and each schema: together they are long. */
export function documentText(document: OpenApiDocument): Generator<void, string> {
  return objectText(document, LEVELS);
}

function* objectText(object: object, levels: number): Generator<void, string> {
  const texts: string[] = [];
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    texts.push(`${JSON.stringify(key)}:${yield* valueText(value, levels)}`);
  }
  return `{${texts.join(',')}}`;
}

function* valueText(value: unknown, levels: number): Generator<void, string> {
  if (value instanceof JsonText) return value.text;
  const text = levels > 0 && isJsonObject(value) ? yield* objectText(value, levels - 1) : stringifyJson(value);
  yield;
  return text;
}

/** The same of one part. Pauses after each member. */
export function* partText(part: object): Generator<void, JsonText> {
  return new JsonText(yield* objectText(part, 0));
}
