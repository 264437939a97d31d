import { RE2JS } from 're2js';

import { invert } from './char-set.js';
import type { CharSet } from './char-set.js';
import { PatternError } from './read-pattern.js';
import type { PatternNode } from './read-pattern.js';
import { sizeOf } from './linear-pattern.js';

/** Largest expression, with its repetitions written out: each character of a text may cost as much. */
const MAX_SIZE = 1_000;

const ASSERTIONS = { start: '\\A', end: '\\z', boundary: '\\b', 'no-boundary': '\\B' } as const;

/**
 * Compiles a pattern for RE2, which matches in linear time whatever the pattern says: each character of a text costs a step
 * for each character of the pattern at most.
 *
 * @throws PatternError when it is too large.
 */
export function compileRe2(pattern: PatternNode): { readonly test: (text: string) => boolean; readonly size: number } {
  const size = sizeOf(pattern);
  if (size > MAX_SIZE) {
    throw new PatternError(
      `comes to ${size} characters when its repetitions are written out, and ${MAX_SIZE} are allowed; use minLength and maxLength`,
    );
  }
  try {
    const compiled = RE2JS.compile(textOf(pattern));
    return { test: (text) => compiled.test(text), size };
  } catch (error) {
    throw new PatternError('is too large', { cause: error });
  }
}

function textOf(node: PatternNode): string {
  switch (node.kind) {
    case 'set':
      return setText(node.set);
    case 'sequence':
      return node.items.map(textOf).join('');
    case 'choice':
      return `(?:${node.options.map(textOf).join('|')})`;
    case 'repeat':
      // Alternatives that take no character: no matter how often.
      if (sizeOf(node.item) === 0) return node.min === 0 ? '' : textOf(node.item);
      return `(?:${textOf(node.item)}){${node.min},${node.max === Infinity ? '' : node.max}}`;
    default:
      return ASSERTIONS[node.kind];
  }
}

function setText(set: CharSet): string {
  if (set.length === 0) return `[^${rangesText(invert(set))}]`;
  return `[${rangesText(set)}]`;
}

/** By their numbers: no character is special then. */
function rangesText(set: CharSet): string {
  return set.map(([from, to]) => `\\x{${from.toString(16)}}-\\x{${to.toString(16)}}`).join('');
}
