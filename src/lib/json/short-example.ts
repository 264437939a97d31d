import { stringifyJson } from './json-text.js';
import { isJsonObject } from './json.js';

/** Longest example that a document shows whole, characters of JSON: an image is 150,000 numbers. */
export const MAX_EXAMPLE_CHARACTERS = 2_000;

/** How much of a long example stays, from more to less: items of a list, fields of an object, characters of a text. */
const STEPS = [
  { items: 10, fields: 60, characters: 400 },
  { items: 4, fields: 30, characters: 120 },
  { items: 2, fields: 12, characters: 60 },
  { items: 1, fields: 4, characters: 30 },
] as const;
type Step = (typeof STEPS)[number];

const MAX_DEPTH = 12;

/** Whether a value is shown whole. Looks no further than the limit, however large the value is. */
export function isShortExample(value: unknown): boolean {
  return remaining(value, MAX_EXAMPLE_CHARACTERS) >= 0;
}

/**
 * An example as a document shows it. A long one is cut to the first items of its lists, the first fields of its objects
 * and the beginning of its texts, each with a note of what is left out. It is no valid request any more.
 */
export function shortExample(value: unknown): unknown {
  if (isShortExample(value)) return value;
  for (const step of STEPS) {
    const cut = shortened(value, step, 0);
    if (isShortExample(cut)) return cut;
  }
  return '… (shortened)';
}

/** The first of several examples that together are shown whole; at least one, shortened at need. */
export function shortExamples(values: readonly unknown[]): unknown[] {
  let left = MAX_EXAMPLE_CHARACTERS;
  const fitting = values.findIndex((value) => (left = remaining(value, left)) < 0);
  return fitting < 0 ? [...values] : fitting > 0 ? values.slice(0, fitting) : [shortExample(values[0])];
}

function shortened(value: unknown, step: Step, depth: number): unknown {
  if (typeof value === 'string') return shortenedText(value, step.characters);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return '…';
  if (Array.isArray(value)) {
    const more = value.length - step.items;
    const items = value.slice(0, step.items).map((item) => shortened(item, step, depth + 1));
    return more > 0 ? [...items, `… ${more} more`] : items;
  }
  const entries = Object.entries(value);
  const more = entries.length - step.fields;
  const visible = entries.slice(0, step.fields).map(([key, item]) => [key, shortened(item, step, depth + 1)]);
  return Object.fromEntries(more > 0 ? [...visible, ['…', `${more} more fields`]] : visible);
}

const LOOKS_ENCODED = /^[\w+/=:;,.-]+$/;

/** What has no spaces is no text to read: an image in base64 says nothing by its beginning. */
function shortenedText(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const start = text.slice(0, characters);
  return LOOKS_ENCODED.test(start) ? `<${text.length} characters>` : `${start}… (${text.length} characters)`;
}

/** What a value's JSON leaves of a number of characters; negative as soon as it is too long. */
function remaining(value: unknown, characters: number): number {
  if (characters < 0) return characters;
  if (typeof value === 'string') {
    return value.length > characters ? -1 : characters - stringifyJson(value).length;
  }
  if (Array.isArray(value)) return remainingAfter(value, characters - 2, 1);
  if (!isJsonObject(value)) return characters - String(value).length;
  let left = characters - 2;
  for (const key of Object.keys(value)) {
    left = remaining(value[key], remaining(key, left) - 2);
    if (left < 0) return left;
  }
  return left;
}

function remainingAfter(items: readonly unknown[], characters: number, separator: number): number {
  let left = characters;
  for (const item of items) {
    left = remaining(item, left - separator);
    if (left < 0) return left;
  }
  return left;
}
