import { isJsonObject } from '../../lib/json.js';
import { stringifyJson } from '../../lib/json-text.js';
import type { OpenApiDocument } from './openapi-types.js';

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
    const isDeeper = levels > 0 && isJsonObject(value);
    texts.push(`${JSON.stringify(key)}:${isDeeper ? yield* objectText(value, levels - 1) : stringifyJson(value)}`);
    yield;
  }
  return `{${texts.join(',')}}`;
}
