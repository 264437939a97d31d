import { countValues } from '../lib/json/count-values.js';
import type { Run } from '../domain/run.js';
import { RunError } from '../domain/verdict.js';
import { measurePattern, propertiesIn } from './validate/pattern.js';

/** Most values that the contract of a run may hold: putting it together takes a tenth of a second then. */
export const MAX_CONTRACT_VALUES = 100_000;
/** Most that the patterns of a run may come to, in character ranges: compiling them takes as long. */
const MAX_PATTERN_SIZE = 200_000;

/** Most properties of Unicode that they may name, such as `\\p{L}`. */
const MAX_PROPERTIES = 10;

/**
 * Refuses a contract that takes long to be put together: meanwhile the process would answer nobody.
 *
 * @throws RunError `RUN_FILE_INVALID` with the rule and both numbers.
 */
export function requireSmallContract({
  signature,
  encode,
  decode,
}: Pick<Run, 'signature' | 'encode' | 'decode'>): void {
  if (countValues([signature, encode, decode], MAX_CONTRACT_VALUES) > MAX_CONTRACT_VALUES) {
    const message = `/signature, /encode and /decode hold more than ${MAX_CONTRACT_VALUES} values together.`;
    const fix =
      'Leave values out that need no list: write a vocabulary to a file, and bounds or a pattern for an enum.';
    throw new RunError('RUN_FILE_INVALID', message, { fix });
  }
  requireSmallPatterns(patternsIn(signature));
}

function requireSmallPatterns(patterns: ReadonlySet<string>): void {
  const properties = new Set([...patterns].flatMap(propertiesIn));
  if (properties.size > MAX_PROPERTIES)
    throw tooLarge(`name ${properties.size} properties of Unicode, and ${MAX_PROPERTIES} are allowed`);
  let size = 0;
  for (const pattern of patterns) {
    size += measurePattern(pattern);
    if (size > MAX_PATTERN_SIZE)
      throw tooLarge(`come to more than ${MAX_PATTERN_SIZE} ranges of characters when they are compiled`);
  }
}

function tooLarge(what: string): RunError {
  const fix = 'Use fewer and shorter patterns, the same one for several fields, or enum.';
  return new RunError('RUN_FILE_INVALID', `The patterns of /signature ${what}.`, { fix });
}

/** Every pattern of the schemas, once. */
function patternsIn(signature: Run['signature']): Set<string> {
  const patterns = new Set<string>();
  const open: unknown[] = [signature];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    const { pattern } = value as { readonly pattern?: unknown };
    if (typeof pattern === 'string') patterns.add(pattern);
    for (const item of Object.values(value)) if (typeof item === 'object') open.push(item);
  }
  return patterns;
}
