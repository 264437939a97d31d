import { isJsonObject } from '../../lib/json/json.js';
import type { JsonObject, JsonValue } from '../../lib/json/json.js';
import { outputTypesOf } from '../../domain/signature.js';
import type { OutputFieldSchema, OutputRowSchema, OutputType } from '../../domain/signature.js';
import { enumRules, listRules, numberRules, stringRules } from './field-rules.js';
import type { Rule } from './field-rules.js';
import { EXTRA, MISSING, NONE_NOT_ALLOWED } from './issues.js';
import { PatternError } from './pattern.js';
import { fieldOf } from '../rows.js';
import { pointerTo, throwIssues } from './schema-check.js';

/** Checks the rows that a model gives against the contract. */
export interface OutputChecker {
  /**
   * The first way in which a row breaks the schema, as `field.inner[0]: what is wrong`. Nothing is read as another type:
   * a text of digits is no number. Fields that the schema does not name are not checked.
   *
   * @returns undefined when it breaks none.
   */
  check(row: JsonObject): string | undefined;
}

/** What is wrong with a value at `path`; undefined when nothing is. */
type ValueCheck = (value: JsonValue, path: string) => string | undefined;

/**
 * Compiles the schema of an output row, once per run. Unlike the schema of an input row it may hold objects, and values
 * of several types.
 *
 * @param pointer  where the schema sits in `run.json`, for messages.
 * @throws RunError `RUN_FILE_INVALID` when a pattern cannot be used.
 */
export function compileOutputChecker(schema: OutputRowSchema, pointer = '/signature/output'): OutputChecker {
  const required = new Set(schema.required);
  const fields = Object.entries(schema.properties).map(([name, field]) => ({
    name,
    isRequired: required.has(name),
    check: compileValue(field, pointerTo(`${pointer}/properties`, name)),
  }));
  return {
    check(row) {
      for (const { name, isRequired, check } of fields) {
        const value = fieldOf(row, name);
        const found = value === undefined ? isRequired && `${name}: ${MISSING.msg}` : check(value, name);
        if (found) return found;
      }
      return undefined;
    },
  };
}

function compileValue(schema: OutputFieldSchema, pointer: string): ValueCheck {
  const types = outputTypesOf(schema);
  const checkOf = new Map<OutputType, ValueCheck>();
  for (const type of types) checkOf.set(type, compileType(type, schema, pointer));
  // A whole number is a number, too.
  const numberCheck = checkOf.get('number');
  if (numberCheck && !checkOf.has('integer')) checkOf.set('integer', numberCheck);
  return (value, path) => {
    const type = outputTypeOf(value);
    const check = checkOf.get(type);
    if (check) return check(value, path);
    if (type === 'null') return `${path}: ${NONE_NOT_ALLOWED.msg}`;
    return `${path}: it is of type ${type}, not ${types.join(' or ')}`;
  };
}

/** The type of a value, `integer` for every whole number. */
function outputTypeOf(value: JsonValue): OutputType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'bigint':
      return 'integer';
    case 'number':
      return Number.isInteger(value) ? 'integer' : 'number';
    case 'string':
      return 'string';
    case 'boolean':
      return 'boolean';
    default:
      return 'object';
  }
}

function compileType(type: OutputType, schema: OutputFieldSchema, pointer: string): ValueCheck {
  switch (type) {
    case 'string':
      return checkRules(() => stringRules(schema), pointer);
    case 'integer':
    case 'number':
      return checkRules(() => numberRules(schema), pointer);
    case 'boolean':
      return checkRules(() => enumRules(schema), pointer);
    case 'null':
      return () => undefined;
    case 'array':
      return compileList(schema, pointer);
    case 'object':
      return compileObject(schema, pointer);
    default:
      return unknownType(type);
  }
}

/** The compiler refuses a type without a case above; run files are checked against their schema before. */
function unknownType(type: never): never {
  throw new Error(`There is no check for the output type ${String(type)}.`);
}

function checkRules<T extends JsonValue>(compile: () => readonly Rule<T>[], pointer: string): ValueCheck {
  const rules = compileRules(compile, pointer);
  return (value, path) => {
    for (const rule of rules) {
      const issue = rule(value as T);
      if (issue) return `${path}: ${issue.msg}`;
    }
    return undefined;
  };
}

function compileRules<T>(compile: () => readonly Rule<T>[], pointer: string): readonly Rule<T>[] {
  try {
    return compile();
  } catch (error) {
    if (error instanceof PatternError) throwIssues([`${pointer}/pattern: ${error.message}`]);
    throw error;
  }
}

function compileList(schema: OutputFieldSchema, pointer: string): ValueCheck {
  const checkLength = checkRules<JsonValue[]>(() => listRules(schema), pointer);
  const checkItem = isJsonObject(schema.items) ? compileValue(schema.items, `${pointer}/items`) : undefined;
  return (value, path) => {
    const found = checkLength(value, path);
    if (found || !checkItem) return found;
    const items = value as JsonValue[];
    for (let i = 0; i < items.length; i++) {
      const inner = checkItem(items[i]!, `${path}[${i}]`);
      if (inner) return inner;
    }
    return undefined;
  };
}

function compileObject(schema: OutputFieldSchema, pointer: string): ValueCheck {
  const { properties = {}, required = [], additionalProperties = true } = schema;
  const checkOf = new Map(
    Object.entries(properties).map(([name, field]) => [
      name,
      compileValue(field, pointerTo(`${pointer}/properties`, name)),
    ]),
  );
  const checkOther =
    typeof additionalProperties === 'boolean'
      ? undefined
      : compileValue(additionalProperties, `${pointer}/additionalProperties`);
  return (value, path) => {
    const members = value as JsonObject;
    const missing = required.find((name) => !Object.hasOwn(members, name));
    if (missing !== undefined) return `${path}.${missing}: ${MISSING.msg}`;
    for (const [name, member] of Object.entries(members)) {
      const check = checkOf.get(name) ?? checkOther;
      if (!check && additionalProperties === false) return `${path}.${name}: ${EXTRA.msg}`;
      const found = check?.(member, `${path}.${name}`);
      if (found) return found;
    }
    return undefined;
  };
}
