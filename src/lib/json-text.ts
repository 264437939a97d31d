import { isJsonObject } from './json.js';
import type { JsonObject, JsonValue } from './json.js';

/** Containers may nest this deep; deeper text is refused, so that nothing downstream can run out of stack. */
export const MAX_JSON_DEPTH = 64;

/**
 * Text that is not JSON: the reason in the words of Python's `json`, which the API's 422 dialect uses,
 * and the place counted in characters from 0 (lines and columns from 1).
 */
export class JsonSyntaxError extends Error {
  constructor(
    readonly reason: string,
    readonly position: number,
    readonly line: number,
    readonly column: number,
  ) {
    super(`${reason}: line ${line} column ${column} (char ${position})`);
    this.name = 'JsonSyntaxError';
  }
}

interface JsonReadOptions {
  /** Take the tokens NaN, Infinity and -Infinity, as Python writes them. Off: they are a syntax error. */
  readonly allowNonFinite?: boolean;
}

/**
 * Reads JSON text. Integers beyond 2^53 become `bigint`; of repeated keys the last wins; `__proto__` is a key like any other.
 *
 * The engine's own parser does the common case. It knows neither bigint nor a stated error position, so the few texts
 * that need those are read (again) by the reader below.
 *
 * @throws JsonSyntaxError when the text is not JSON or nests deeper than MAX_JSON_DEPTH.
 */
export function parseJson(text: string, options: JsonReadOptions = {}): JsonValue {
  if (!mayContainBigInt(text) && !exceedsDepth(text, MAX_JSON_DEPTH)) {
    try {
      return JSON.parse(text) as JsonValue;
    } catch {
      // Fall through: the reader below finds the reason and the place, or takes what only it may take.
    }
  }
  return new JsonReader(text, options.allowNonFinite ?? false).readDocument();
}

/** Whether there may be an integer beyond 2^53; the digits after a decimal point, of which metrics have as many, are none. */
function mayContainBigInt(text: string): boolean {
  return LONG_DIGITS.test(text) && LONG_INTEGER.test(text);
}

/** Whether containers nest deeper than `limit`; says true early for text that merely looks so, never misses one. */
function exceedsDepth(text: string, limit: number): boolean {
  if (text.length <= limit) return false;
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > limit) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
}

/** Looks for less than LONG_INTEGER does, in a third of its time. */
const LONG_DIGITS = /\d{16}/;
/** No longer than LONGEST_BIGINT: longer ones become numbers anyway, and a pattern without an end runs out of stack on millions of digits. */
const LONG_INTEGER = /(?<![.\w"])\d{16,21}(?![.\w])/;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const HEX4 = /[0-9a-fA-F]{4}/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
const NON_FINITE = { NaN: NaN, Infinity: Infinity, '-Infinity': -Infinity } as const;

/** A strict reader that stops where CPython's scanner stops, with its words (checked against CPython 3.11). */
class JsonReader {
  private at = 0;
  private depth = 0;

  constructor(
    private readonly text: string,
    private readonly allowNonFinite: boolean,
  ) {}

  readDocument(): JsonValue {
    this.skipSpace();
    const value = this.readValue();
    this.skipSpace();
    if (this.at < this.text.length) this.fail('Extra data', this.at);
    return value;
  }

  private readValue(): JsonValue {
    switch (this.text[this.at]) {
      case '"':
        return this.readString();
      case '{':
        return this.readNested(() => this.readObject());
      case '[':
        return this.readNested(() => this.readArray());
      default:
        return this.readScalar();
    }
  }

  private readNested<T>(read: () => T): T {
    if (++this.depth > MAX_JSON_DEPTH) this.fail(`Nested deeper than ${MAX_JSON_DEPTH} levels`, this.at);
    const value = read();
    this.depth--;
    return value;
  }

  private readObject(): JsonObject {
    const object: JsonObject = {};
    this.at++;
    this.skipSpace();
    if (this.accept('}')) return object;
    for (;;) {
      if (this.text[this.at] !== '"') this.fail('Expecting property name enclosed in double quotes', this.at);
      const key = this.readString();
      this.skipSpace();
      if (!this.accept(':')) this.fail("Expecting ':' delimiter", this.at);
      this.skipSpace();
      setMember(object, key, this.readValue());
      this.skipSpace();
      if (this.accept('}')) return object;
      if (!this.accept(',')) this.fail("Expecting ',' delimiter", this.at);
      this.skipSpace();
    }
  }

  private readArray(): JsonValue[] {
    const array: JsonValue[] = [];
    this.at++;
    this.skipSpace();
    if (this.accept(']')) return array;
    for (;;) {
      array.push(this.readValue());
      this.skipSpace();
      if (this.accept(']')) return array;
      if (!this.accept(',')) this.fail("Expecting ',' delimiter", this.at);
      this.skipSpace();
    }
  }

  private readString(): string {
    const start = this.at++;
    let value = '';
    for (;;) {
      value += this.match(PLAIN) ?? '';
      const next = this.text[this.at];
      if (next === undefined) this.fail('Unterminated string starting at', start);
      if (next === '"') {
        this.at++;
        return value;
      }
      if (next !== '\\') this.fail('Invalid control character at', this.at);
      value += this.readEscape(start);
    }
  }

  private readEscape(stringStart: number): string {
    const backslash = this.at;
    const char = this.text[backslash + 1];
    if (char === undefined) this.fail('Unterminated string starting at', stringStart);
    this.at += 2;
    if (char !== 'u') return ESCAPES[char] ?? this.fail('Invalid \\escape', backslash);
    const digits = this.match(HEX4) ?? this.fail('Invalid \\uXXXX escape', backslash + 1);
    return String.fromCharCode(parseInt(digits, 16));
  }

  private readScalar(): JsonValue {
    for (const [word, value] of [
      ['null', null],
      ['true', true],
      ['false', false],
    ] as const) {
      if (this.accept(word)) return value;
    }
    const digits = this.match(NUMBER);
    if (digits) return toNumber(digits);
    for (const [word, value] of Object.entries(NON_FINITE)) {
      const at = this.at;
      if (!this.accept(word)) continue;
      // Python accepts and writes these words, so it has none for them.
      return this.allowNonFinite ? value : this.fail(`${word} is not JSON: send null`, at);
    }
    return this.fail('Expecting value', this.at);
  }

  private accept(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private skipSpace(): void {
    this.match(SPACE);
  }

  private fail(reason: string, at: number): never {
    const before = this.text.slice(0, at);
    const lineStart = before.lastIndexOf('\n') + 1;
    throw new JsonSyntaxError(
      reason,
      codePointLength(before),
      before.split('\n').length,
      codePointLength(before.slice(lineStart)) + 1,
    );
  }
}

function setMember(object: JsonObject, key: string, value: JsonValue): void {
  // An assignment would call the setter of this name; for all others it is several times as fast.
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else object[key] = value;
}

/** A sign and the digits of the largest 64-bit integer. */
const LONGEST_BIGINT = 21;

function toNumber(digits: string): number | bigint {
  const value = Number(digits);
  // Nothing holds more than 64 bits, and BigInt() of a megabyte of digits takes more than linear time.
  if (Number.isSafeInteger(value) || digits.length > LONGEST_BIGINT) return value;
  return /^-?\d+$/.test(digits) ? BigInt(digits) : value;
}

/** Characters as Python counts them: code points, not UTF-16 units. */
function codePointLength(text: string): number {
  return text.length - (text.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0);
}

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
