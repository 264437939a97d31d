import { ValidateBy, getMetadataStorage } from 'class-validator';

import { isJsonObject } from '../../lib/json/json.js';
import { nearestName } from '../../lib/nearest-name.js';
import { truncate } from '../../lib/truncate.js';
import type { JsonValue } from '../../lib/json/json.js';
import { MAX_ISSUES } from '../../domain/validation-issue.js';
import type { Location, ValidationIssue } from '../../domain/validation-issue.js';

/**
 * class-validator decorators that speak the API's 422 dialect (pydantic v1).
 *
 * class-validator knows one message per rule and cannot tell a missing field from a wrong one; the dialect has one entry
 * per field, for the first rule broken, with a type and a context. So each decorator here is one constraint that walks
 * its field's rules in order. `compileCheck` reads class-validator's metadata of a class once and puts the rules of its
 * fields in a row: one list of rules, for the validation pipe and for endpoints alike, without class-validator's cost
 * per request.
 */

/** A finding about a field: the place below the field, and the entry without its place. */
interface RuleIssue {
  readonly path: Location;
  readonly msg: string;
  readonly type: string;
  readonly ctx?: Readonly<Record<string, JsonValue>>;
}

/** What a field's rules say about a value; empty when all hold. */
type Rules = (value: unknown) => readonly RuleIssue[];

const issue = (msg: string, type: string, ctx?: RuleIssue['ctx']): RuleIssue[] => [
  { path: [], msg, type, ...(ctx && { ctx }) },
];

const MISSING = issue('field required', 'value_error.missing');
const NULL = issue('none is not an allowed value', 'type_error.none.not_allowed');

interface FieldOptions {
  /** Whether the field may be left out (never: be null). */
  readonly optional?: boolean;
}

function rules({ optional = false }: FieldOptions, check: Rules): PropertyDecorator {
  const all: Rules = (value) => {
    if (value === undefined) return optional ? [] : MISSING;
    return value === null ? NULL : check(value);
  };
  const decorate = ValidateBy({
    name: 'v1',
    validator: {
      validate: (value: unknown) => all(value).length === 0,
      defaultMessage: (args) =>
        all(args?.value)
          .map(({ msg }) => msg)
          .join('; '),
    },
  });
  return (prototype, property) => {
    rulesOf(prototype.constructor).set(String(property), all);
    decorate(prototype, property);
  };
}

const rulesByClass = new Map<Function, Map<string, Rules>>();

/** Rules of a class' own fields, in their declared order: class-validator takes too long for each item of a long list. */
function rulesOf(type: Function): Map<string, Rules> {
  const known = rulesByClass.get(type) ?? new Map<string, Rules>();
  rulesByClass.set(type, known);
  return known;
}

/** A text. Nothing else is turned into one. */
export const IsText = (options: FieldOptions & { minLength?: number; maxLength?: number } = {}) =>
  rules(options, (value) => textIssues(value, options));

/** Pattern of one line of text: at least one visible character, no control character. Used in OpenAPI as well. */
export const ONE_LINE =
  '^(?=.*\\S)[^\\u0000-\\u001f\\u007f-\\u009f\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff]*$';

/**
 * A line of words for people.
 *
 * @param taken  a word that stands for something else there, in any spelling.
 */
export const IsLine = ({
  taken,
  ...options
}: FieldOptions & { minLength: number; maxLength: number; taken?: string }) =>
  rules(options, (value) => {
    const found = textIssues(value, options);
    if (found.length > 0) return found;
    if (!new RegExp(ONE_LINE, 'u').test(value as string)) {
      return issue('ensure this value has visible characters and no control characters', 'value_error');
    }
    if ((value as string).trim().toLowerCase() !== taken) return [];
    return issue(`ensure this value is not '${taken}', which stands for the server itself`, 'value_error');
  });

function textIssues(
  value: unknown,
  { minLength = 0, maxLength = Infinity }: { minLength?: number; maxLength?: number },
) {
  if (typeof value !== 'string') return issue('str type expected', 'type_error.str');
  if (value.length < minLength) {
    const msg = `ensure this value has at least ${minLength} characters`;
    return issue(msg, 'value_error.any_str.min_length', { limit_value: minLength });
  }
  if (value.length <= maxLength) return [];
  const msg = `ensure this value has at most ${maxLength} characters`;
  return issue(msg, 'value_error.any_str.max_length', { limit_value: maxLength });
}

/** A whole number of a query, already converted by `@IntegerParameter` when it was one. */
export const IsInteger = (options: FieldOptions & { min?: number; max?: number } = {}) =>
  rules(options, (value) => {
    const { min = -Infinity, max = Infinity } = options;
    if (typeof value !== 'number') return issue('value is not a valid integer', 'type_error.integer');
    if (value < min) {
      return issue(`ensure this value is greater than or equal to ${min}`, 'value_error.number.not_ge', {
        limit_value: min,
      });
    }
    if (value <= max) return [];
    return issue(`ensure this value is less than or equal to ${max}`, 'value_error.number.not_le', {
      limit_value: max,
    });
  });

/** One of a few words. */
export const IsOneOf = (words: readonly string[], options: FieldOptions = {}) =>
  rules(options, (value) => (words.includes(value as string) ? [] : notOneOf(words)));

function notOneOf(words: readonly string[]): RuleIssue[] {
  const permitted = words.map((word) => `'${word}'`).join(', ');
  return issue(`value is not a valid enumeration member; permitted: ${permitted}`, 'type_error.enum', {
    enum_values: [...words],
  });
}

/** A problem with a value that must be one of words known only at run time, e.g. the models of the store. */
export function notOneOfIssue(loc: Location, words: readonly string[]): ValidationIssue {
  return atField(loc, notOneOf(words)[0]!);
}

/** A list of texts, e.g. names of fields. */
export const IsTextList = (options: FieldOptions = {}) =>
  rules(options, (value) => {
    if (!Array.isArray(value)) return notAList();
    return itemIssues(value, (item) => textIssues(item, {}));
  });

/** Names of which none is there twice, at least one. */
export const IsNameList = (options: FieldOptions & { maxItems: number }) =>
  rules(options, (value) => {
    if (!Array.isArray(value)) return notAList();
    if (value.length === 0) return NO_ITEMS;
    if (value.length > options.maxItems) return tooManyItems(options.maxItems);
    const seen = new Set<unknown>();
    return itemIssues(value, (item) => {
      if (typeof item === 'string' && seen.has(item)) return DUPLICATE;
      seen.add(item);
      return textIssues(item, {});
    });
  });

const DUPLICATE = issue('the list has duplicated items', 'value_error.list.unique_items');
const NO_ITEMS = issue('ensure this value has at least 1 items', 'value_error.list.min_items', { limit_value: 1 });

function tooManyItems(limit: number): RuleIssue[] {
  return issue(`ensure this value has at most ${limit} items`, 'value_error.list.max_items', { limit_value: limit });
}

/** A non-empty list whose items are checked later, against a model's contract. */
export const IsRowList = (options: FieldOptions = {}) =>
  rules(options, (value) => {
    if (!Array.isArray(value)) return notAList();
    return value.length > 0 ? [] : NO_ITEMS;
  });

/**
 * A list of objects of a DTO class (that extends none); every item is checked.
 *
 * @param emptyMessage  replaces the usual message for an empty list.
 */
export const IsListOf = <T extends object>(item: () => new () => T, options: { emptyMessage: string }) =>
  rules({}, (value) => {
    if (!Array.isArray(value)) return notAList();
    if (value.length === 0) return issue(options.emptyMessage, 'value_error');
    return itemIssues(value, (element) => objectIssues(element, item()));
  });

/** What is wrong with the items of a list, each at its index; no more than an answer lists. */
function itemIssues(items: readonly unknown[], check: (item: unknown) => readonly RuleIssue[]): RuleIssue[] {
  const all: RuleIssue[] = [];
  for (let i = 0; i < items.length && all.length < MAX_ISSUES; i++) {
    for (const found of check(items[i])) all.push({ ...found, path: [i, ...found.path] });
  }
  return all;
}

const notAList = () => issue('value is not a valid list', 'type_error.list');

function objectIssues(element: unknown, type: Function): RuleIssue[] {
  if (element === null) return NULL;
  if (!isJsonObject(element)) return issue('value is not a valid dict', 'type_error.dict');
  const all: RuleIssue[] = [];
  for (const [field, check] of rulesOf(type)) {
    const value = Object.hasOwn(element, field) ? element[field] : undefined;
    for (const found of check(value)) all.push({ ...found, path: [field, ...found.path] });
  }
  return all;
}

/**
 * An instance of a DTO class with the class' own fields taken from a plain object. One level deep: class-transformer
 * would copy whatever a client nests.
 */
export function pick<T extends object>(type: new () => T, plain: object): T {
  const instance = new type() as Record<string, unknown>;
  for (const key of fieldsOf(type)) {
    if (Object.hasOwn(plain, key)) instance[key] = (plain as Record<string, unknown>)[key];
  }
  return instance as T;
}

/** Names of a DTO's validated fields, in their declared order. */
function fieldsOf(type: Function): string[] {
  const metadata = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  return [...new Set(metadata.map(({ propertyName }) => propertyName))];
}

const atField = (loc: Location, { path: below, ...entry }: RuleIssue): ValidationIssue => ({
  loc: [...loc, ...below],
  ...entry,
});

const classesWithoutUnknown = new Set<Function>();

/** A class whose objects have no other members than its own: what nobody reads was probably meant to be read. */
export const RejectUnknownMembers = (): ClassDecorator => (type) => void classesWithoutUnknown.add(type);

/** Unknown members for which a similar known one is looked for. */
const MAX_HINTS = 10;

/**
 * Problems of members that nobody reads; each names the known one that is probably meant.
 *
 * @param rule  what is told where no known one is near; the known ones unless set.
 */
export function unknownMemberIssues(
  names: readonly string[],
  known: readonly string[],
  loc: Location,
  rule = `known: ${known.join(', ')}`,
): ValidationIssue[] {
  const unknown = names.filter((name) => !known.includes(name));
  return unknown.slice(0, MAX_ISSUES).map((name, i) => {
    const meant = i < MAX_HINTS ? nearestName(name, known) : undefined;
    const hint = meant === undefined ? rule : `did you mean "${meant}"?`;
    return { loc: [...loc, truncate(name)], msg: `extra fields not permitted; ${hint}`, type: 'value_error.extra' };
  });
}

/** Asked of every request, nearly all of which have none. */
function hasUnknownMember(value: object, known: readonly string[]): boolean {
  for (const name of Object.keys(value)) if (!known.includes(name)) return true;
  return false;
}

const alternativesByClass = new Map<Function, readonly (readonly string[])[]>();

/**
 * A class whose objects have the members of exactly one of several lists: the fields themselves are optional then. An
 * object that has none of them lacks the first list's.
 */
export const TakesOneOf =
  (...alternatives: readonly (readonly string[])[]): ClassDecorator =>
  (type) =>
    void alternativesByClass.set(type, alternatives);

/** What an object breaks of `TakesOneOf`. */
function alternativeIssues(value: object, alternatives: readonly (readonly string[])[]): RuleIssue[] {
  const isGiven = (name: string) =>
    Object.hasOwn(value, name) && (value as Record<string, unknown>)[name] !== undefined;
  const [chosen = alternatives[0]!, other] = alternatives.filter((names) => names.some(isGiven));
  if (other) return notOneAlternative(alternatives);
  return chosen.filter((name) => !isGiven(name)).map((name) => ({ ...MISSING[0]!, path: [name] }));
}

function notOneAlternative(alternatives: readonly (readonly string[])[]): RuleIssue[] {
  const words = alternatives.map((names) => names.map((name) => `'${name}'`).join(' with ')).join(' or ');
  const ctx = { alternatives: alternatives.map((names) => [...names]) };
  return issue(`give exactly one of ${words}`, 'value_error.one_of', ctx);
}

interface CheckOptions {
  /** Whether unknown members are ignored also where the class refuses them. */
  readonly allowUnknown?: boolean;
}

/** Checks the fields of a plain object or an instance; the problems are at most MAX_ISSUES. */
type FieldsCheck = (value: object, loc: Location, options?: CheckOptions) => ValidationIssue[];

/**
 * The check of a DTO class, compiled from class-validator's metadata: fields in their declared order, inherited ones too.
 *
 * @throws Error when a field has a class-validator rule that does not speak the dialect.
 */
function compileCheck(type: Function): FieldsCheck {
  const known = fieldsOf(type);
  const checks = known.map((field) => [field, rulesOfField(type, field)] as const);
  const rejectUnknown = classesWithoutUnknown.has(type);
  const alternatives = alternativesByClass.get(type);
  return (value, loc, { allowUnknown = false } = {}) => {
    const issues: ValidationIssue[] = [];
    if (alternatives) for (const found of alternativeIssues(value, alternatives)) issues.push(atField(loc, found));
    for (const [field, check] of checks) {
      const given = Object.hasOwn(value, field) ? (value as Record<string, unknown>)[field] : undefined;
      for (const { path: below, ...entry } of check(given))
        issues.push(atField(loc, { path: [field, ...below], ...entry }));
    }
    if (rejectUnknown && !allowUnknown && hasUnknownMember(value, known))
      issues.push(...unknownMemberIssues(Object.keys(value), known, loc));
    return issues.length > MAX_ISSUES ? issues.slice(0, MAX_ISSUES) : issues;
  };
}

/** The rules of a field, also of one that a parent class declares. */
function rulesOfField(type: Function, field: string): Rules {
  for (let owner: Function | null = type; owner; owner = Object.getPrototypeOf(owner) as Function | null) {
    const found = rulesByClass.get(owner)?.get(field);
    if (found) return found;
  }
  throw new Error(`${type.name}.${field} needs a decorator of this file.`);
}

const compiledChecks = new Map<Function, FieldsCheck>();

/** The check of a DTO class, compiled when it is first needed. */
export function checkOf(type: Function): FieldsCheck {
  const known = compiledChecks.get(type);
  if (known) return known;
  const compiled = compileCheck(type);
  compiledChecks.set(type, compiled);
  return compiled;
}

/** Problems of a body that is not even an object. */
export function bodyShapeIssue(body: unknown): ValidationIssue | undefined {
  const loc = ['body'];
  if (body === undefined || body === null) return { loc, msg: 'field required', type: 'value_error.missing' };
  if (typeof body === 'object') return undefined;
  return { loc, msg: 'value is not a valid dict', type: 'type_error.dict' };
}
