/**
 * White space as Python's `str.split()`, `str.strip()` and `\s` have it, as members of a class of a regular expression.
 * JavaScript's `\s` and `trim()` have the byte order mark (U+FEFF) too, and neither 1C to 1F nor 85.
 */
const SPACES = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

/** A word and the spaces after it; words are of letters and numbers of any script, and underscores. */
export const WORD_AND_SPACES = new RegExp(`([\\p{L}\\p{N}_]+)[${SPACES}]*`, 'gu');

const BETWEEN_SPACES = new RegExp(`[^${SPACES}]+`, 'g');
const SPACE = new RegExp(`[${SPACES}]`);

/** The words of a text as Python's `str.split()` gives them, one after the other. */
export function* splitAtSpaces(text: string): Iterable<string> {
  for (const match of text.matchAll(BETWEEN_SPACES)) yield match[0];
}

/** A text without the spaces at its ends, as Python's `str.strip()` gives it. Takes time in proportion to the text. */
export function stripSpaces(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && SPACE.test(text[start]!)) start++;
  while (end > start && SPACE.test(text[end - 1]!)) end--;
  return text.slice(start, end);
}
