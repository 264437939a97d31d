import { isLinear, rangesOf } from './patterns/linear-pattern.js';
import { compileRe2 } from './patterns/re2-pattern.js';
import { PatternError, readPattern } from './patterns/read-pattern.js';
import type { PatternNode } from './patterns/read-pattern.js';

export { PatternError, propertiesIn } from './patterns/read-pattern.js';

/** Longest text that is matched by anything but JavaScript's own engine, UTF-16 units. */
export const MAX_MATCHED_LENGTH = 100_000;

/** Steps of matching that nobody waits for, some 80 ms (18 million a second): a character of a text for each of the pattern. */
export const MAX_MATCHING_STEPS = 1_500_000;

/** Longest pattern, UTF-16 units. */
const MAX_PATTERN_LENGTH = 2_000;

/** The regular expression of a signature's `pattern`. */
export interface TextPattern {
  /** Whether it matches anywhere in the text. It takes time in proportion to the text, whatever the text is. */
  readonly test: (text: string) => boolean;
  /** Longest text it takes, UTF-16 units; longer ones are refused before they are matched. */
  readonly maxLength: number;
  /** What each character of a text may cost; 0 for what JavaScript's own engine matches. */
  readonly stepsPerCharacter: number;
}

/** What even the smallest pattern costs, in character ranges. */
const LEAST_SIZE = 1_000;
/** Patterns that are kept: a run's are needed again and again. */
const MAX_KEPT = 500;

const kept = new Map<string, TextPattern>();
let largestSteps = 0;

/** What a character of a text costs at most, whichever pattern of this process it is held against. */
export function mostStepsPerCharacter(): number {
  return largestSteps;
}

/**
 * How much there is to be compiled of a pattern, in character ranges; as much as of the smallest where it is refused.
 * It does not count the properties of Unicode, which are looked up once: see `propertiesIn`.
 */
export function measurePattern(pattern: string): number {
  if (pattern.length > MAX_PATTERN_LENGTH) return LEAST_SIZE;
  try {
    const node = readPattern(pattern, expressionOf(pattern).unicode);
    // JavaScript's own engine repeats by loops.
    return LEAST_SIZE + (isLinear(node) ? 0 : rangesOf(node));
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return LEAST_SIZE;
  }
}

/**
 * Compiles the regular expression of a signature's `pattern`, matched anywhere in the text as JSON Schema says.
 *
 * JavaScript's own engine matches what is proved to take linear time with it; RE2 matches everything else.
 *
 * @throws PatternError when it is no regular expression, or one that cannot be matched in linear time.
 */
export function compilePattern(pattern: string): TextPattern {
  const known = kept.get(pattern);
  if (known) return known;
  const compiled = compileNew(pattern);
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(pattern, compiled);
  return compiled;
}

function compileNew(pattern: string): TextPattern {
  try {
    if (pattern.length > MAX_PATTERN_LENGTH) throw new PatternError(`is longer than ${MAX_PATTERN_LENGTH} characters`);
    const expression = expressionOf(pattern);
    const node = readPattern(pattern, expression.unicode);
    return isLinear(node) ? native(expression) : re2(node);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new PatternError(`"${pattern.slice(0, 200)}" ${error.message}`, { cause: error });
  }
}

function native(expression: RegExp): TextPattern {
  return { test: (text) => expression.test(text), maxLength: Infinity, stepsPerCharacter: 0 };
}

function re2(node: PatternNode): TextPattern {
  const { test, size } = compileRe2(node);
  largestSteps = Math.max(largestSteps, size);
  const maxLength = Math.min(MAX_MATCHED_LENGTH, Math.floor(MAX_MATCHING_STEPS / Math.max(1, size)));
  return { test, maxLength, stepsPerCharacter: size };
}

function expressionOf(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    // Older patterns escape characters that need no escape, which the `u` flag refuses.
  }
  try {
    return new RegExp(pattern);
  } catch (error) {
    throw new PatternError('is not a regular expression', { cause: error });
  }
}
