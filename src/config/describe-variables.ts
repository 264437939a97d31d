import { Environment } from './environment.dto.js';
import { VARIABLE_RULES } from './variable-rules.js';
import type { VariableRule } from './variable-rules.js';

/** A variable as documentation shows it. */
export interface VariableDescription extends VariableRule {
  readonly name: string;
  /** As it would be written in the environment; undefined without a default. */
  readonly default: string | undefined;
}

/** Every variable with its rule and default, in the order of the class; only its description is not known at run time. */
export function describeVariables(): VariableDescription[] {
  const defaults = new Map<string, string | number | boolean>(Object.entries(new Environment()));
  return [...VARIABLE_RULES].map(([name, rule]) => {
    const value = defaults.get(name);
    return { ...rule, name, default: value === undefined ? undefined : String(value) };
  });
}
