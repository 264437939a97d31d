import { stem as stemWord } from './porter-stemmer.js';
import { WORD_AND_SPACES } from './python-spaces.js';
import { STOPWORDS } from './stopwords.js';

const PUNCTUATION_MARK = /[-;.,!?<=>]/g;
const PUNCTUATION = /[!-/:-@[-`{-~]/g;
const OTHER_CHARS = /[^A-Za-z0-9]+/g;
const LINK = /http[^ ]+/g;

export interface CleanOptions {
  /** Lower-case first; default true. */
  readonly lower?: boolean;
  /** Porter stems at the end; default false. */
  readonly stem?: boolean;
}

/**
 * The text cleaning of the Made With ML tagging lesson of 2021, to the character: lower case, no stop words, no
 * punctuation, ASCII letters and digits only, words joined by single spaces, no words that begin with `http`.
 * Links go last, so the spaces around them stay. Takes time in proportion to the text, whatever it holds.
 */
export function cleanText(text: string, { lower = true, stem = false }: CleanOptions = {}): string {
  const words = removeStopwords(lower ? text.toLowerCase() : text)
    .replace(PUNCTUATION_MARK, ' ')
    .replace(PUNCTUATION, '')
    .replace(OTHER_CHARS, ' ');
  const cleaned = trimSpace(words).replace(LINK, '');
  return stem ? cleaned.split(' ').map(stemWord).join(' ') : cleaned;
}

/**
 * A stop word goes with the spaces after it. Words are Python's: JavaScript's own `\b` and `\w` know ASCII only and would find
 * stop words inside `état` and `naïve`. Those with an apostrophe never match: their first part does, as in the
 * lesson.
 */
function removeStopwords(text: string): string {
  return text.replace(WORD_AND_SPACES, (match: string, word: string) => (STOPWORDS.has(word) ? '' : match));
}

/** There is at most one space at each end by now. */
function trimSpace(text: string): string {
  const start = text.startsWith(' ') ? 1 : 0;
  return text.slice(start, text.endsWith(' ') ? -1 : undefined);
}
