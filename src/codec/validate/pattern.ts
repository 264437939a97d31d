import safeRegex from 'safe-regex2';

/** A pattern that must not be used; the message says why. */
export class PatternError extends Error {}

/**
 * The regular expression of a signature's `pattern`, matched anywhere in the text as JSON Schema says.
 *
 * @throws PatternError when it is no regular expression, or one that could take time out of proportion to the text.
 */
export function compilePattern(pattern: string): RegExp {
  const expression = expressionOf(pattern);
  if (!safeRegex(pattern)) {
    throw new PatternError(`"${pattern}" nests repetitions, looks around or repeats too often; it could run for hours`);
  }
  if (repeatsBranch(pattern)) {
    throw new PatternError(`"${pattern}" repeats a group with alternatives; use a character class or a fixed count`);
  }
  return expression;
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
    throw new PatternError(`"${pattern}" is not a regular expression`, { cause: error });
  }
}

/** Whether a group like `(a|a)*` is there: exponential when alternatives overlap, and safe-regex2 lets it pass. */
function repeatsBranch(pattern: string): boolean {
  const hasBranch: boolean[] = [];
  const simple = pattern.replace(/\\[^]/gu, 'x').replace(/\[[^\]]*\]/g, 'x');
  for (let i = 0; i < simple.length; i++) {
    if (simple[i] === '(') hasBranch.push(false);
    else if (simple[i] === '|') hasBranch.fill(true);
    else if (simple[i] === ')' && hasBranch.pop() && /^(?:[*+]|\{\d+,\})/.test(simple.slice(i + 1))) return true;
  }
  return false;
}
