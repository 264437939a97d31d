import type { JsonValue } from '../../lib/json/json.js';

/** A function that is put together line by line, with values from outside in `k`. */
export class FunctionText {
  private readonly lines: string[] = [];
  private readonly constants: unknown[] = [];

  /** Adds lines of code. */
  add(...lines: readonly string[]): this {
    this.lines.push(...lines);
    return this;
  }

  /** How the code names a value that no text can hold safely or exactly. */
  constant(value: unknown): string {
    return `k[${this.constants.push(value) - 1}]`;
  }

  /**
   * Makes the function.
   *
   * @param parameters  names, in order.
   * @returns undefined where Node was started with `--disallow-code-generation-from-strings`.
   */
  compile<T extends (...args: never[]) => unknown>(parameters: readonly string[]): T | undefined {
    const body = `'use strict';\nreturn (${parameters.join(', ')}) => {\n${this.lines.join('\n')}\n};`;
    try {
      // eslint-disable-next-line @typescript-eslint/no-implied-eval -- its text comes from a checked schema, names escaped
      return (new Function('k', body) as (constants: readonly unknown[]) => T)(this.constants);
    } catch (error) {
      if (error instanceof EvalError) return undefined;
      throw error;
    }
  }
}

/** A name as the code reads a member by it. */
export function memberAccess(object: string, name: string): string {
  return `${object}[${JSON.stringify(name)}]`;
}

/** A value of JSON as code. */
export function literal(value: JsonValue): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : value < 0 ? `(${value})` : String(value);
  return JSON.stringify(value);
}
