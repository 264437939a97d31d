import { randomBytes } from 'node:crypto';

import { isJsonObject } from './json.js';
import type { JsonValue } from './json.js';
import { JsonScanner, LONGEST_BIGINT, MAX_JSON_DEPTH, SHORTEST_BIGINT } from './json-scanner.js';
import type { SpecialToken } from './json-scanner.js';

export { JsonSyntaxError, MAX_JSON_DEPTH } from './json-scanner.js';

interface JsonReadOptions {
  /** Take the tokens NaN, Infinity and -Infinity, as Python writes them. Off: they are a syntax error. */
  readonly allowNonFinite?: boolean;
  /** How deep the text nests, if it is JSON, where that is known (`measureJson`): then its values are not looked through. */
  readonly depth?: number;
}

/**
 * Reads JSON text. Integers beyond 2^53 become `bigint`; of repeated keys the last wins; `__proto__` is a key like any other.
 *
 * The engine's own parser makes every value. It knows neither bigint nor a stated error position: the few texts that need
 * those are scanned first, and what it cannot read is put in its place afterwards.
 *
 * @throws JsonSyntaxError when the text is not JSON or nests deeper than MAX_JSON_DEPTH.
 */
export function parseJson(text: string, options: JsonReadOptions = {}): JsonValue {
  if (!mayContainBigInt(text)) {
    try {
      const value = JSON.parse(text) as JsonValue;
      const { depth } = options;
      const isTooDeep = depth === undefined ? exceedsDepth(value, MAX_JSON_DEPTH) : depth > MAX_JSON_DEPTH;
      if (!isTooDeep) return value;
    } catch {
      // Fall through: the scanner finds the reason and the place, or tokens that only it may take.
    }
  }
  return parseScanned(text, options.allowNonFinite ?? false);
}

function parseScanned(text: string, allowNonFinite: boolean): JsonValue {
  const scanner = new JsonScanner(text, allowNonFinite);
  scanner.scan();
  if (scanner.tokens.length === 0) return JSON.parse(text) as JsonValue;
  return new TokenReplacer(scanner.tokens).restore(JSON.parse(withMarks(text, scanner.tokens)) as JsonValue);
}

/** Begins the texts that stand for special tokens. Nobody can send it: it is another one in each process. */
const MARK = `\ue000${randomBytes(9).toString('base64url')}`;

/** The text with a text in place of each special token. */
function withMarks(text: string, tokens: readonly SpecialToken[]): string {
  const pieces: string[] = [];
  let from = 0;
  tokens.forEach(({ start, end }, i) => {
    pieces.push(text.slice(from, start), `"${MARK}${i}"`);
    from = end;
  });
  return pieces.join('') + text.slice(from);
}

/** Puts values in the place of the texts that stand for them. */
class TokenReplacer {
  private remaining: number;

  constructor(private readonly tokens: readonly SpecialToken[]) {
    this.remaining = tokens.length;
  }

  restore(value: JsonValue): JsonValue {
    if (typeof value === 'string') return this.valueOf(value);
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length && this.remaining > 0; i++) value[i] = this.restore(value[i]!);
    } else if (isJsonObject(value)) {
      for (const key of Object.keys(value)) {
        if (this.remaining === 0) break;
        const member = value[key]!;
        const result = this.restore(member);
        // Defined, not assigned: a member may be named __proto__.
        if (result !== member)
          Object.defineProperty(value, key, { value: result, writable: true, enumerable: true, configurable: true });
      }
    }
    return value;
  }

  private valueOf(text: string): JsonValue {
    if (!text.startsWith(MARK)) return text;
    this.remaining--;
    return this.tokens[Number(text.slice(MARK.length))]!.value;
  }
}

/**
 * Whether there may be an integer beyond 2^53: at least 16 digits in a row that are no part of a fraction or a word. Longer
 * ones than LONGEST_BIGINT become numbers anyway.
 *
 * So many digits cover at least one character in 16: only these are looked at, in a quarter of the time of a pattern.
 */
function mayContainBigInt(text: string): boolean {
  for (let at = SHORTEST_BIGINT - 1; at < text.length; at += SHORTEST_BIGINT) {
    if (!isDigit(text.charCodeAt(at))) continue;
    let [start, end] = [at, at + 1];
    while (start > 0 && isDigit(text.charCodeAt(start - 1))) start--;
    while (end < text.length && isDigit(text.charCodeAt(end))) end++;
    const length = end - start;
    if (length >= SHORTEST_BIGINT && length <= LONGEST_BIGINT && isInteger(text, start, end)) return true;
    // The next character to look at lies behind these digits.
    while (at + SHORTEST_BIGINT < end) at += SHORTEST_BIGINT;
  }
  return false;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Whether digits stand for themselves, by the characters around them. */
function isInteger(text: string, start: number, end: number): boolean {
  return !(start > 0 && BEFORE_NO_INTEGER.test(text.charAt(start - 1))) && !AFTER_NO_INTEGER.test(text.charAt(end));
}

/**
 * Whether containers nest deeper than `limit`. Asked of what was made, not of the text: looking for the containers among
 * values takes a tenth of looking for their beginnings among characters, and the engine's parser runs out of no stack.
 */
function exceedsDepth(value: JsonValue, limit: number): boolean {
  return typeof value === 'object' && value !== null && containerExceeds(value, limit);
}

function containerExceeds(container: object, limit: number): boolean {
  if (limit === 0) return true;
  if (Array.isArray(container)) {
    for (let i = 0; i < container.length; i++) {
      const item: unknown = container[i];
      // Asked here, not in a call: most values are none.
      if (typeof item === 'object' && item !== null && containerExceeds(item, limit - 1)) return true;
    }
    return false;
  }
  for (const key in container) {
    const member: unknown = container[key as never];
    if (typeof member === 'object' && member !== null && containerExceeds(member, limit - 1)) return true;
  }
  return false;
}

const BEFORE_NO_INTEGER = /[.\w"]/;
const AFTER_NO_INTEGER = /[.\w]/;
/**
 * Writes JSON as `JSON.stringify` does, except that a `bigint` keeps its digits. NaN and Infinity are `null`.
 */
export function stringifyJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return stringifyBigInt(value);
  }
}

/** The slow way, for the rare answer that holds a `bigint`, which JSON.stringify refuses. */
function stringifyBigInt(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map((item) => stringifyBigInt(item ?? null)).join()}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${stringifyBigInt(item)}`).join()}}`;
}
