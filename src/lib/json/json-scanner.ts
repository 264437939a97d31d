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

/** A token whose value JavaScript's own parser does not know. */
export interface SpecialToken {
  /** Where it begins and ends in the text, UTF-16 units. */
  readonly start: number;
  readonly end: number;
  readonly value: number | bigint;
}

const [QUOTE, BACKSLASH, COMMA, COLON, MINUS, DOT] = [0x22, 0x5c, 0x2c, 0x3a, 0x2d, 0x2e];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const [ZERO, NINE, UPPER_E, LOWER_E, LOWER_U, PLUS] = [0x30, 0x39, 0x45, 0x65, 0x75, 0x2b];
/** Digits of integers that 64 bits may hold and numbers do not; with a sign the longest has one more. */
export const [SHORTEST_BIGINT, LONGEST_BIGINT] = [16, 21] as const;
const HEX4 = /[0-9a-fA-F]{4}/y;
const ESCAPED = '"\\/bfnrt';
const WORDS = ['null', 'true', 'false'] as const;
const NON_FINITE = [
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
] as const;

/**
 * Reads JSON without making anything of it: finds what is wrong with it, where CPython's scanner stops and in its words
 * (checked against CPython 3.11), and the tokens that JavaScript's own parser cannot give the value of.
 */
export class JsonScanner {
  readonly tokens: SpecialToken[] = [];
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly allowNonFinite: boolean,
  ) {}

  /** @throws JsonSyntaxError when the text is not JSON or nests deeper than MAX_JSON_DEPTH. */
  scan(): void {
    const open: number[] = [];
    this.skipSpace();
    for (;;) {
      if (this.startsWith(open)) continue;
      if (this.endsAfterValue(open)) return;
    }
  }

  /** Reads a value. @returns whether it is a container whose first value comes next. */
  private startsWith(open: number[]): boolean {
    const code = this.code;
    if (code === QUOTE) this.readString();
    else if (code === OPEN_LIST || code === OPEN_OBJECT) return this.enter(code, open);
    else this.readScalar();
    return false;
  }

  private enter(code: number, open: number[]): boolean {
    if (open.length >= MAX_JSON_DEPTH) this.fail(`Nested deeper than ${MAX_JSON_DEPTH} levels`, this.at);
    this.at++;
    this.skipSpace();
    if (this.code === endOf(code)) {
      this.at++;
      return false;
    }
    open.push(code);
    if (code === OPEN_OBJECT) this.readKey();
    return true;
  }

  /** Reads what stands between a value and the next one. @returns whether there is none. */
  private endsAfterValue(open: number[]): boolean {
    for (;;) {
      this.skipSpace();
      const kind = open.at(-1);
      if (kind === undefined) {
        if (this.at < this.text.length) this.fail('Extra data', this.at);
        return true;
      }
      if (this.code === endOf(kind)) {
        this.at++;
        open.pop();
        continue;
      }
      if (this.code !== COMMA) this.fail("Expecting ',' delimiter", this.at);
      this.at++;
      this.skipSpace();
      if (kind === OPEN_OBJECT) this.readKey();
      return false;
    }
  }

  private readKey(): void {
    if (this.code !== QUOTE) this.fail('Expecting property name enclosed in double quotes', this.at);
    this.readString();
    this.skipSpace();
    if (this.code !== COLON) this.fail("Expecting ':' delimiter", this.at);
    this.at++;
    this.skipSpace();
  }

  private readString(): void {
    const start = this.at++;
    for (;;) {
      const code = this.code;
      if (code === QUOTE) return void this.at++;
      if (code === BACKSLASH) this.readEscape(start);
      else if (code >= 0x20) this.at++;
      else if (Number.isNaN(code)) this.fail('Unterminated string starting at', start);
      else this.fail('Invalid control character at', this.at);
    }
  }

  private readEscape(stringStart: number): void {
    const escape = this.at;
    const code = this.text.charCodeAt(escape + 1);
    if (Number.isNaN(code)) this.fail('Unterminated string starting at', stringStart);
    this.at += 2;
    if (code !== LOWER_U) {
      if (!ESCAPED.includes(this.text[escape + 1]!)) this.fail('Invalid \\escape', escape);
      return;
    }
    HEX4.lastIndex = this.at;
    if (!HEX4.test(this.text)) this.fail('Invalid \\uXXXX escape', escape + 1);
    this.at += 4;
  }

  private readScalar(): void {
    if (this.readNumber()) return;
    const word = WORDS.find((known) => this.text.startsWith(known, this.at));
    if (word !== undefined) return void (this.at += word.length);
    for (const [name, value] of NON_FINITE) {
      if (!this.text.startsWith(name, this.at)) continue;
      // Python accepts and writes these words, so it has none for them.
      if (!this.allowNonFinite) this.fail(`${name} is not JSON: send null`, this.at);
      this.tokens.push({ start: this.at, end: this.at + name.length, value });
      return void (this.at += name.length);
    }
    this.fail('Expecting value', this.at);
  }

  private readNumber(): boolean {
    const start = this.at;
    const first = start + (this.code === MINUS ? 1 : 0);
    let end = this.text.charCodeAt(first) === ZERO ? first + 1 : this.digitsFrom(first);
    if (end === first) return false;
    const integerEnd = end;
    if (this.text.charCodeAt(end) === DOT) end = Math.max(end, this.endOfDigits(end + 1));
    const exponent = this.text.charCodeAt(end);
    if (exponent === LOWER_E || exponent === UPPER_E) {
      const sign = this.text.charCodeAt(end + 1);
      end = Math.max(end, this.endOfDigits(end + (sign === PLUS || sign === MINUS ? 2 : 1)));
    }
    this.at = end;
    if (end === integerEnd) this.noteBigInt(start, end);
    return true;
  }

  /** End of the digits that begin at a place; -1 when there are none. */
  private endOfDigits(from: number): number {
    const end = this.digitsFrom(from);
    return end === from ? -1 : end;
  }

  private digitsFrom(from: number): number {
    let end = from;
    for (let code = this.text.charCodeAt(end); code >= ZERO && code <= NINE; code = this.text.charCodeAt(end)) end++;
    return end;
  }

  /** Nothing holds more than 64 bits, and BigInt() of a megabyte of digits takes more than linear time. */
  private noteBigInt(start: number, end: number): void {
    if (end - start < SHORTEST_BIGINT || end - start > LONGEST_BIGINT) return;
    const digits = this.text.slice(start, end);
    if (!Number.isSafeInteger(Number(digits))) this.tokens.push({ start, end, value: BigInt(digits) });
  }

  /** Of the next character; NaN at the end. */
  private get code(): number {
    return this.text.charCodeAt(this.at);
  }

  private skipSpace(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.at++;
    }
  }

  private fail(reason: string, at: number): never {
    const lineStart = at === 0 ? 0 : this.text.lastIndexOf('\n', at - 1) + 1;
    let line = 1;
    for (let i = this.text.indexOf('\n'); i >= 0 && i < at; i = this.text.indexOf('\n', i + 1)) line++;
    const before = codePoints(this.text, 0, lineStart);
    const column = codePoints(this.text, lineStart, at);
    throw new JsonSyntaxError(reason, before + column, line, column + 1);
  }
}

function endOf(opener: number): number {
  return opener === OPEN_LIST ? CLOSE_LIST : CLOSE_OBJECT;
}

/** Characters between two places as Python counts them: code points, not UTF-16 units. */
function codePoints(text: string, from: number, to: number): number {
  let count = to - from;
  for (let i = from; i < to - 1; i++) {
    const isPair = (text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
    if (isPair) {
      count--;
      i++;
    }
  }
  return count;
}
