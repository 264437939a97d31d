import { VARIABLE_RULES, secretFileVariables } from './variable-rules.js';
import './environment.dto.js';
import { isSimilarName } from '../lib/nearest-name.js';

/** A variable that nobody reads, and the one that is probably meant. */
interface MisspeltVariable {
  readonly name: string;
  readonly meant: string;
}

/**
 * Variables of the environment that are not bestrun's, but nearly: a plural, a missing underscore or unit, another case, a
 * letter too many. Their values are not looked at.
 */
export function findMisspeltVariables(environment: NodeJS.ProcessEnv): MisspeltVariable[] {
  const known = [...VARIABLE_RULES.keys(), ...secretFileVariables().keys()];
  return Object.keys(environment).flatMap((name) => {
    const meant = known.includes(name) ? undefined : known.find((one) => isSimilar(name, one));
    return meant === undefined ? [] : [{ name, meant }];
  });
}

/** What an operator is told of it. */
export function misspeltSentence({ name, meant }: MisspeltVariable): string {
  return `${name} is not a variable of bestrun and is ignored. Did you mean ${meant}?`;
}

function isSimilar(name: string, known: string): boolean {
  const isWithoutUnit = name.includes('_') && /^_(MS|BYTES)$/.test(known.slice(name.length)) && known.startsWith(name);
  return isWithoutUnit || isSimilarName(name, known);
}
