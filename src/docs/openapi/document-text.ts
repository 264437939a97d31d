import { isJsonObject } from '../../lib/json/json.js';
import { stringifyJson } from '../../lib/json/json-text.js';
import type { OpenApiDocument } from './openapi-types.js';

/** A part of a document that is written already. */
export class JsonText {
  constructor(readonly text: string) {}
}

/** Levels of objects that are written member by member: as far as single operations and single schemas. */
const LEVELS = 2;

/** A document as JSON text. Pauses after each operation and each schema: together they are long. */
export function* documentText(document: OpenApiDocument): Generator<void, string> {
  const pieces: string[] = [];
  yield* writeObject(document, LEVELS, pieces);
  // Joined once: the text of a store with many models has some megabytes.
  return pieces.join('');
}

/** One part of a document as JSON text. Pauses after each member. */
export function* partText(part: object): Generator<void, JsonText> {
  const pieces: string[] = [];
  yield* writeObject(part, 0, pieces);
  return new JsonText(pieces.join(''));
}

function* writeObject(object: object, levels: number, pieces: string[]): Generator<void, void> {
  let separator = '{';
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    pieces.push(`${separator}${JSON.stringify(key)}:`);
    separator = ',';
    if (value instanceof JsonText) pieces.push(value.text);
    else if (levels > 0 && isJsonObject(value)) yield* writeObject(value, levels - 1, pieces);
    else pieces.push(stringifyJson(value));
    if (!(value instanceof JsonText)) yield;
  }
  pieces.push(separator === '{' ? '{}' : '}');
}
