import type { FieldSchema, RowSchema } from '../domain/signature.js';
import { MAX_MATCHING_STEPS, compilePattern, mostStepsPerCharacter } from '../codec/validate/pattern.js';

const known = new WeakMap<RowSchema, number>();

/**
 * How many characters of texts can be held against the patterns of a row while others wait: texts of more are to be read in
 * a thread.
 *
 * @param input  undefined where it is not known yet whose rows they are.
 * @returns Infinity where no pattern costs more than reading the text does.
 */
export function maxCharactersToMatch(input: RowSchema | undefined): number {
  if (!input) return MAX_MATCHING_STEPS / mostStepsPerCharacter();
  let most = known.get(input);
  if (most === undefined) {
    most = MAX_MATCHING_STEPS / Math.max(0, ...Object.values(input.properties).map(stepsPerCharacter));
    known.set(input, most);
  }
  return most;
}

function stepsPerCharacter({ pattern, items }: FieldSchema): number {
  const own = pattern === undefined ? 0 : compilePattern(pattern).stepsPerCharacter;
  return items === undefined ? own : Math.max(own, stepsPerCharacter(items));
}
