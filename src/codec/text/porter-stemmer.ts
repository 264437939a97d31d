/**
 * Porter's stemmer with the extensions that NLTK makes by default, after M. F. Porter, "An algorithm for suffix
 * stripping", Program 14 (1980), with the changes described in NLTK's documentation of `PorterStemmer`. Stems equal
 * NLTK 3.5's; see the fixture beside.
 */

type Condition = (stem: string) => boolean;
/** Suffix, what takes its place, and when. The first suffix that fits decides, whether its condition holds or not. */
type Rule = readonly [suffix: string, replacement: string, condition: Condition];

const SPECIAL_WORDS: ReadonlyMap<string, string> = new Map([
  ['skies', 'sky'],
  ['sky', 'sky'],
  ['dying', 'die'],
  ['lying', 'lie'],
  ['tying', 'tie'],
  ['news', 'news'],
  ['innings', 'inning'],
  ['inning', 'inning'],
  ['outings', 'outing'],
  ['outing', 'outing'],
  ['cannings', 'canning'],
  ['canning', 'canning'],
  ['howe', 'howe'],
  ['proceed', 'proceed'],
  ['exceed', 'exceed'],
  ['succeed', 'succeed'],
]);

const always: Condition = () => true;
const hasMeasure: Condition = (stem) => measure(stem) > 0;
const hasLongMeasure: Condition = (stem) => measure(stem) > 1;

const PLURALS: readonly Rule[] = [
  ['sses', 'ss', always],
  ['ies', 'i', always],
  ['ss', 'ss', always],
  ['s', '', always],
];
const DOUBLE_SUFFIXES: readonly Rule[] = [
  ['ational', 'ate', hasMeasure],
  ['tional', 'tion', hasMeasure],
  ['enci', 'ence', hasMeasure],
  ['anci', 'ance', hasMeasure],
  ['izer', 'ize', hasMeasure],
  ['bli', 'ble', hasMeasure],
  ['alli', 'al', hasMeasure],
  ['entli', 'ent', hasMeasure],
  ['eli', 'e', hasMeasure],
  ['ousli', 'ous', hasMeasure],
  ['ization', 'ize', hasMeasure],
  ['ation', 'ate', hasMeasure],
  ['ator', 'ate', hasMeasure],
  ['alism', 'al', hasMeasure],
  ['iveness', 'ive', hasMeasure],
  ['fulness', 'ful', hasMeasure],
  ['ousness', 'ous', hasMeasure],
  ['aliti', 'al', hasMeasure],
  ['iviti', 'ive', hasMeasure],
  ['biliti', 'ble', hasMeasure],
  ['fulli', 'ful', hasMeasure],
  // The measure counts the l of logi here, unlike in every other rule.
  ['logi', 'log', (stem) => hasMeasure(`${stem}l`)],
];
const ADJECTIVE_SUFFIXES: readonly Rule[] = [
  ['icate', 'ic', hasMeasure],
  ['ative', '', hasMeasure],
  ['alize', 'al', hasMeasure],
  ['iciti', 'ic', hasMeasure],
  ['ical', 'ic', hasMeasure],
  ['ful', '', hasMeasure],
  ['ness', '', hasMeasure],
];
const LONG_WORD_SUFFIXES: readonly Rule[] = [
  ...['al', 'ance', 'ence', 'er', 'ic', 'able', 'ible', 'ant', 'ement', 'ment', 'ent'].map(droppedFromLongWords),
  ['ion', '', (stem) => hasLongMeasure(stem) && /[st]$/.test(stem)],
  ...['ou', 'ism', 'ate', 'iti', 'ous', 'ive', 'ize'].map(droppedFromLongWords),
];

/** The stem of one word, lower-case; words of one or two letters stay as they are. */
export function stem(word: string): string {
  const exception = SPECIAL_WORDS.get(word);
  if (exception !== undefined) return exception;
  if (word.length <= 2) return word;
  let result = stripStep1a(word.toLowerCase());
  result = stripStep1b(result);
  result = stripStep1c(result);
  result = dropDoubleSuffix(result);
  result = applyFirst(ADJECTIVE_SUFFIXES, result);
  result = applyFirst(LONG_WORD_SUFFIXES, result);
  return dropDoubleL(dropFinalE(result));
}

/** Step 1a. */
function stripStep1a(word: string): string {
  return word.length === 4 && word.endsWith('ies') ? word.slice(0, -1) : applyFirst(PLURALS, word);
}

/** Step 1b. */
function stripStep1b(word: string): string {
  if (word.endsWith('ied')) return word.slice(0, word.length === 4 ? -1 : -2);
  if (word.endsWith('eed')) return hasMeasure(word.slice(0, -3)) ? word.slice(0, -1) : word;
  const suffix = ['ed', 'ing'].find((candidate) => word.endsWith(candidate));
  const rest = suffix && word.slice(0, -suffix.length);
  return rest && hasVowel(rest) ? fixSuffix(rest) : word;
}

/** What is left of `hoped` and `hopping` must not become the same. */
function fixSuffix(word: string): string {
  if (/(?:at|bl|iz)$/.test(word)) return `${word}e`;
  if (endsInDoubleConsonant(word)) return /[lsz]$/.test(word) ? word : word.slice(0, -1);
  return measure(word) === 1 && endsInShortSyllable(word) ? `${word}e` : word;
}

/** Step 1c: y becomes i after a consonant, unless that is the whole stem. */
function stripStep1c(word: string): string {
  const last = word.length - 2;
  return word.endsWith('y') && last > 0 && isConsonantAt(word, last) ? `${word.slice(0, -1)}i` : word;
}

/** Step 2. */
function dropDoubleSuffix(word: string): string {
  const isException = word.endsWith('alli') && hasMeasure(word.slice(0, -4));
  return applyFirst(DOUBLE_SUFFIXES, isException ? word.slice(0, -2) : word);
}

/** Step 5a. */
function dropFinalE(word: string): string {
  if (!word.endsWith('e')) return word;
  const rest = word.slice(0, -1);
  const size = measure(rest);
  return size > 1 || (size === 1 && !endsInShortSyllable(rest)) ? rest : word;
}

/** Step 5b. */
function dropDoubleL(word: string): string {
  return word.endsWith('ll') && hasLongMeasure(word.slice(0, -1)) ? word.slice(0, -1) : word;
}

function droppedFromLongWords(suffix: string): Rule {
  return [suffix, '', hasLongMeasure];
}

function applyFirst(rules: readonly Rule[], word: string): string {
  const rule = rules.find(([suffix]) => word.endsWith(suffix));
  if (!rule) return word;
  const [suffix, replacement, condition] = rule;
  const rest = word.slice(0, word.length - suffix.length);
  return condition(rest) ? rest + replacement : word;
}

function isVowelChar(char: string | undefined): boolean {
  return char === 'a' || char === 'e' || char === 'i' || char === 'o' || char === 'u';
}

/** y is a consonant at the start of a word and after a vowel. In a row of y they alternate. */
function isConsonantAt(word: string, index: number): boolean {
  let start = index;
  while (start > 0 && word[start] === 'y') start--;
  const isConsonant = word[start] === 'y' || !isVowelChar(word[start]);
  return (index - start) % 2 === 0 ? isConsonant : !isConsonant;
}

/** Porter's measure: how often a vowel is followed by a consonant. One pass, so that a long word stays cheap. */
function measure(result: string): number {
  let count = 0;
  let wasConsonant = true;
  for (let i = 0; i < result.length; i++) {
    const isConsonant: boolean = result[i] === 'y' ? i === 0 || !wasConsonant : !isVowelChar(result[i]);
    if (isConsonant && !wasConsonant) count++;
    wasConsonant = isConsonant;
  }
  return count;
}

function hasVowel(word: string): boolean {
  return /[aeiou]|[^aeiou]y/.test(word);
}

function endsInDoubleConsonant(word: string): boolean {
  const last = word.length - 1;
  return last > 0 && word[last] === word[last - 1] && isConsonantAt(word, last);
}

/** Consonant, vowel, consonant other than w, x, y; or a two-letter word of vowel and consonant. */
function endsInShortSyllable(word: string): boolean {
  const last = word.length - 1;
  if (last < 1 || !isConsonantAt(word, last) || isConsonantAt(word, last - 1)) return false;
  return last === 1 || (isConsonantAt(word, last - 2) && !/[wxy]$/.test(word));
}
