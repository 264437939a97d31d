import { Transform } from 'class-transformer';
import { ValidateBy, isURL } from 'class-validator';

import { parseTrustedProxies } from './trusted-proxies.js';
import { parseMlflowItems } from './mlflow-selection.js';

/** What a variable may be, as far as its name and default do not say it. */
export interface VariableRule {
  /** What it must be, after "must be": `a whole number from 0 to 65535`. */
  readonly allowed: string;
  readonly unit?: 'microseconds' | 'milliseconds' | 'seconds' | 'bytes';
  /** Whether it may be given as the content of a file, named by the variable with `_FILE` at its end. */
  readonly isSecret: boolean;
}

const rules = new Map<string, VariableRule>();

/** Every variable with its rule, in the order of the class. */
export const VARIABLE_RULES: ReadonlyMap<string, VariableRule> = rules;

/** Variables that `NAME_FILE` may give instead, by the name of that variable. */
export function secretFileVariables(): ReadonlyMap<string, string> {
  return new Map([...rules].flatMap(([name, { isSecret }]) => (isSecret ? [[`${name}_FILE`, name] as const] : [])));
}

/** A whole number of decimal digits within bounds, both of which are allowed. */
export function Integer(min: number, max: number, unit?: VariableRule['unit']): PropertyDecorator {
  const parse = ({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d{1,15}$/.test(value.trim()) ? Number(value) : value;
  const isAllowed = (value: unknown) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
  return all(Transform(parse), rule(`a whole number from ${min} to ${max}`, isAllowed, { unit }));
}

/** `true` or `false`. */
export function Switch(): PropertyDecorator {
  const parse = ({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value);
  return all(
    Transform(parse),
    rule('true or false', (value) => typeof value === 'boolean'),
  );
}

/** One of several words. */
export function OneOf(words: readonly string[]): PropertyDecorator {
  return rule(`one of ${words.join(', ')}`, (value) => words.includes(value as string));
}

/** A text that a pattern describes. @param allowed  the same in words, after "must be". */
export function Text(pattern: RegExp, allowed: string): PropertyDecorator {
  return rule(allowed, (value) => typeof value === 'string' && pattern.test(value));
}

/** A path of the file system. */
export function Path(): PropertyDecorator {
  return Text(/\S/, 'a path');
}

/** The same, but neither log nor message ever shows it, and a file may hold it. */
export function Secret(pattern = /^/, allowed = 'any text'): PropertyDecorator {
  return rule(allowed, (value) => typeof value === 'string' && pattern.test(value), { isSecret: true });
}

/** Address of a web server, without a need for a top-level domain. */
export function HttpAddress(): PropertyDecorator {
  const options = { require_tld: false, protocols: ['http', 'https'], require_protocol: true };
  return rule('an address http(s)://…', (value) => typeof value === 'string' && isURL(value, options));
}

/** What `parseTrustedProxies` can read. */
export function Proxies(): PropertyDecorator {
  return rule(
    'true, false, a number of proxies, or addresses and networks such as 10.0.0.0/8 or loopback separated by commas',
    (value) => typeof value === 'string' && parseTrustedProxies(value) !== undefined,
  );
}

/** A list that `parseMlflowItems` can read. */
export function MlflowItems(): PropertyDecorator {
  return rule(
    'a list such as titanic?metric=f1&goal=maximize, with the options name, metric, goal',
    (value) => typeof value === 'string' && parseMlflowItems(value) !== undefined,
  );
}

/** Address or place of a store of MLflow. What begins like a server's is one: Node's error would show its password. */
export function MlflowAddress(): PropertyDecorator {
  const pattern = /^(https?:\/\/[^\s?#]+|sqlite:\/\/\/\S.*|file:\/\/\/\S.*|(?!\w+:\/\/)\S.*)$/;
  return rule(
    'an address http(s)://…, sqlite:///… with a path, or a folder; a / or % in user or password is written %2F or %25',
    (value) => typeof value === 'string' && pattern.test(value) && (!/^https?:/i.test(value) || isAddress(value)),
  );
}

function isAddress(text: string): boolean {
  try {
    const { username, password } = new URL(text);
    for (const part of [username, password]) decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

/** Checks a variable that is set, and notes its rule for messages and docs. */
function rule(
  allowed: string,
  isAllowed: (value: unknown) => boolean,
  { unit, isSecret = false }: { readonly unit?: VariableRule['unit']; readonly isSecret?: boolean } = {},
): PropertyDecorator {
  const check = ValidateBy({
    name: 'rule',
    validator: {
      validate: (value) => value === undefined || isAllowed(value),
      defaultMessage: () => `must be ${allowed}`,
    },
  });
  return (target, property) => {
    rules.set(String(property), { allowed, ...(unit && { unit }), isSecret });
    check(target, property);
  };
}

function all(...decorators: readonly PropertyDecorator[]): PropertyDecorator {
  return (target, property) => decorators.forEach((decorate) => decorate(target, property));
}
