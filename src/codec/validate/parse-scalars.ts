const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const INT64_DIGITS = 19;

/** Python's int(): spaces around, a sign, leading zeros, single underscores between digits. ASCII only. */
const INTEGER_TEXT = /^[ \t-\r]*([+-]?)(\d+(?:_\d+)*)[ \t-\r]*$/;
const DECIMAL_TEXT = /^[ \t-\r]*[+-]?(?:\d+(?:_\d+)*\.?|(?:\d+(?:_\d+)*)?\.\d+(?:_\d+)*)(e[+-]?\d+)?[ \t-\r]*$/i;

/** Below and from these sizes clients must print an exponent: Python's and JavaScript's own bounds, the wider of both. */
const EXPONENT_LIMIT = 1e-4;
const EXPONENT_FROM = 1e16;

const BOOLEAN_TEXTS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'on', 'yes', 't', 'y'].map((text) => [text, true] as const),
  ...['false', '0', 'off', 'no', 'f', 'n'].map((text) => [text, false] as const),
]);
const LONGEST_BOOLEAN_TEXT = 5;

/**
 * A whole number within int64: from a number without fraction, a bigint or a text such as `"9"` or `" +1_0 "`.
 * A number when that is exact, else a bigint; undefined for everything else, booleans included.
 */
export function parseInteger(value: unknown): number | bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value + 0 : unsafeInteger(value);
  if (typeof value === 'bigint') return withinInt64(value);
  return typeof value === 'string' ? parseIntegerText(value) : undefined;
}

/**
 * A finite number: as it is, or from a text with or without decimals. A text with an exponent is taken only where
 * clients must print one (`"1e-7"`, `"1e+21"`; not `"1e1"`). Whole numbers that need it stay bigint within int64.
 */
export function parseNumber(value: unknown): number | bigint | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'bigint') return withinInt64(value) ?? finite(Number(value));
  return typeof value === 'string' ? parseNumberText(value) : undefined;
}

/** true, false, 1, 0, or their words in any case: true/false, 1/0, on/off, yes/no, t/f, y/n. */
export function parseBoolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') {
    return value.length <= LONGEST_BOOLEAN_TEXT ? BOOLEAN_TEXTS.get(value.toLowerCase()) : undefined;
  }
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  const number = Number(value);
  return number === 0 ? false : number === 1 ? true : undefined;
}

/** Equal numbers in one form: a number where that is exact, a bigint beyond. For look-ups by value. */
export function canonicalNumber(value: number | bigint): number | bigint {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(value) : value;
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

function unsafeInteger(value: number): bigint | number | undefined {
  return Number.isInteger(value) ? withinInt64(BigInt(value)) : undefined;
}

function withinInt64(value: bigint): number | bigint | undefined {
  return value >= INT64_MIN && value <= INT64_MAX ? canonicalNumber(value) : undefined;
}

function parseIntegerText(text: string): number | bigint | undefined {
  const match = INTEGER_TEXT.exec(text);
  return match ? integerOf(match) : undefined;
}

function integerOf([, sign, digits]: RegExpExecArray): number | bigint | undefined {
  const withoutZeros = digits!.replaceAll('_', '').replace(/^0+/, '');
  // Not BigInt() of whatever came: that takes more than linear time on a megabyte of digits.
  if (withoutZeros.length > INT64_DIGITS) return undefined;
  const unsigned = BigInt(withoutZeros);
  return withinInt64(sign === '-' ? -unsigned : unsigned);
}

function parseNumberText(text: string): number | bigint | undefined {
  const integer = INTEGER_TEXT.exec(text);
  if (integer) return integerOf(integer) ?? finite(numberOf(text));
  const decimal = DECIMAL_TEXT.exec(text);
  if (!decimal) return undefined;
  const value = finite(numberOf(text));
  return decimal[1] === undefined || needsExponent(value) ? value : undefined;
}

function numberOf(text: string): number {
  return Number(text.replaceAll('_', ''));
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function needsExponent(value: number | undefined): boolean {
  const size = Math.abs(value ?? 0);
  return size >= EXPONENT_FROM || (size > 0 && size < EXPONENT_LIMIT);
}
