import { isDeepStrictEqual } from 'node:util';

import { isNullable, pointerTo } from '../../codec/validate/schema-check.js';
import type { Contract } from '../../domain/contract.js';
import type { JsonValue } from '../../lib/json/json.js';
import type { OutputFieldSchema, OutputRowSchema } from '../../domain/signature.js';
import { diffBounds } from './diff-bounds.js';
import { diffObjects } from './diff-objects.js';
import { diffOneOf } from './diff-one-of.js';
import { allows, keyOf, membersOf, singleTypeOf, valueTypeOf } from './schema-constraints.js';

/** One difference between the contract that clients rely on and another one. */
export interface ContractDifference {
  /**
   * JSON pointer, e.g. `/input/properties/age/maximum`: into the candidate's signature, or for what it no longer has into
   * the served one. A field that is required, or given, otherwise than before is pointed at itself.
   */
  readonly pointer: string;
  /** Whether a client that works with the one contract may stop working with the other. */
  readonly kind: 'breaking' | 'compatible';
  /** A sentence for people. */
  readonly message: string;
}

/** Which way a row goes: what clients send may only widen, what they get may only narrow. */
type Direction = 'input' | 'output';

/** Records a difference: whether the field accepts more values than before, fewer, or other ones. */
export type AddDifference = (
  pointer: string,
  change: 'wider' | 'narrower' | 'other' | 'harmless',
  message: string,
) => void;

/**
 * What changes for clients of one contract when they are served another. Titles, descriptions, examples and `x-…` keys
 * are no part of a contract, and neither is the order of fields.
 *
 * @returns the differences in the order of the fields, inputs first; empty when the contracts are the same.
 */
export function diffContracts(current: Contract, candidate: Contract): ContractDifference[] {
  const differences: ContractDifference[] = [];
  for (const direction of ['input', 'output'] as const) {
    const add: AddDifference = (pointer, change, message) => {
      const isSafe = change === 'harmless' || change === (direction === 'input' ? 'wider' : 'narrower');
      differences.push({ pointer, kind: isSafe ? 'compatible' : 'breaking', message });
    };
    diffRows(current.signature[direction], candidate.signature[direction], direction, add);
    if (direction === 'output') diffGiven(current, candidate, add);
  }
  return differences;
}

/** Those of the differences that may break a client. */
export function incompatibleChanges(current: Contract, candidate: Contract): ContractDifference[] {
  return diffContracts(current, candidate).filter(({ kind }) => kind === 'breaking');
}

function diffRows(
  current: OutputRowSchema,
  candidate: OutputRowSchema,
  direction: Direction,
  add: AddDifference,
): void {
  const root = `/${direction}`;
  const [wasRequired, isRequired] = [new Set(current.required), new Set(candidate.required)];
  for (const [name, field] of Object.entries(current.properties)) {
    const pointer = pointerTo(`${root}/properties`, name);
    const subject = `The ${direction} "${name}"`;
    const other = own(candidate.properties, name);
    // Clients that send it would be ignored silently, which is no better than a rejection.
    if (!other) add(pointer, 'other', `${subject} is gone.`);
    else {
      diffExists(subject, wasRequired.has(name), isRequired.has(name), pointer, add);
      diffField(subject, field, other, pointer, add);
    }
  }
  for (const name of Object.keys(candidate.properties)) {
    if (own(current.properties, name)) continue;
    const mustBeSent = direction === 'input' && isRequired.has(name);
    const message = `The ${direction} "${name}" is new${mustBeSent ? ' and required' : ''}.`;
    add(pointerTo(`${root}/properties`, name), mustBeSent ? 'other' : 'harmless', message);
  }
  if (direction === 'input') diffOneOf(current, candidate, add);
  diffExtras(current, candidate, direction, add);
}

function diffExists(subject: string, was: boolean, is: boolean, pointer: string, add: AddDifference): void {
  if (was === is) return;
  const change = is ? 'narrower' : 'wider';
  add(pointer, change, `${subject} ${is ? 'is required now' : 'may be absent now'}.`);
}

/** Which outputs clients get by default, and which are in the bare answer. */
function diffGiven(current: Contract, candidate: Contract, add: AddDifference): void {
  const [oldOnRequest, newOnRequest] = [setOf(current.on_request), setOf(candidate.on_request)];
  const [oldPrimary, newPrimary] = [setOf(current.primary), setOf(candidate.primary)];
  for (const name of Object.keys(current.signature.output.properties)) {
    if (!own(candidate.signature.output.properties, name)) continue;
    const pointer = pointerTo('/output/properties', name);
    const [wasOnRequest, isOnRequest] = [oldOnRequest?.has(name), newOnRequest?.has(name)];
    if (differ(wasOnRequest, isOnRequest)) {
      const message = `The output "${name}" is ${isOnRequest ? 'given on request only' : 'always given'} now.`;
      add(pointer, isOnRequest ? 'wider' : 'harmless', message);
    }
    const [wasBare, isBare] = [oldPrimary?.has(name), newPrimary?.has(name)];
    if (differ(wasBare, isBare)) {
      const message = `The output "${name}" is ${isBare ? 'part of the bare answer now' : 'no longer part of the bare answer'}.`;
      add(pointer, isBare ? 'harmless' : 'wider', message);
    }
  }
}

function setOf(names: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return names && new Set(names);
}

function differ(was: boolean | undefined, is: boolean | undefined): boolean {
  return was !== undefined && is !== undefined && was !== is;
}

function diffExtras(
  current: OutputRowSchema,
  candidate: OutputRowSchema,
  direction: Direction,
  add: AddDifference,
): void {
  const [was, is] = [current.additionalProperties ?? true, candidate.additionalProperties ?? true];
  if (was === is) return;
  const pointer = `/${direction}/additionalProperties`;
  // Clients ignore outputs they do not know.
  if (direction === 'output') add(pointer, 'harmless', `Unknown outputs are ${is ? 'possible' : 'excluded'} now.`);
  else add(pointer, is ? 'wider' : 'narrower', `Unknown inputs are ${is ? 'ignored' : 'refused'} now.`);
}

function diffField(
  subject: string,
  current: OutputFieldSchema,
  candidate: OutputFieldSchema,
  pointer: string,
  add: AddDifference,
): void {
  if (!diffType(subject, current, candidate, pointer, add)) return;
  diffValues(subject, current, candidate, pointer, add);
  if (current.unit !== candidate.unit) {
    // A unit that was never named may have been the same all along; one that changes makes old numbers wrong.
    const isChanged = current.unit !== undefined && candidate.unit !== undefined;
    const message = `${subject}: in ${candidate.unit ?? 'no named unit'} now, in ${current.unit ?? 'no named unit'} before.`;
    add(`${pointer}/unit`, isChanged ? 'other' : 'harmless', message);
  }
  if (!isDeepStrictEqual(current.default, candidate.default)) {
    add(`${pointer}/default`, 'harmless', `${subject} has another default.`);
  }
  if (current.items && candidate.items) {
    diffField(`Each item of ${lowerFirst(subject)}`, current.items, candidate.items, `${pointer}/items`, add);
  }
  if (singleTypeOf(current) === 'object') diffObjects(subject, current, candidate, pointer, add, diffField);
}

/** @returns whether the types have enough in common to compare the rest. */
function diffType(
  subject: string,
  current: OutputFieldSchema,
  candidate: OutputFieldSchema,
  pointer: string,
  add: AddDifference,
): boolean {
  const [wasNullable, isNull] = [isNullable(current), isNullable(candidate)];
  if (wasNullable !== isNull) {
    const message = `${subject} ${isNull ? 'may be null now' : 'is never null now'}.`;
    add(`${pointer}/type`, isNull ? 'wider' : 'narrower', message);
  }
  const [was, is] = [valueTypeOf(current), valueTypeOf(candidate)];
  // Where one of two numbers is always an integer, the step or the members are compared instead.
  const [wasSingle, isSingle] = [singleTypeOf(current), singleTypeOf(candidate)];
  if (was === is || (wasSingle !== undefined && wasSingle === isSingle)) return true;
  const isNumeric = [was, is].every((type) => type === 'integer' || type === 'number');
  const change = isNumeric ? (is === 'number' ? 'wider' : 'narrower') : 'other';
  add(`${pointer}/type`, change, `${subject} is of type ${is}, not ${was}.`);
  return isNumeric;
}

/** What the fields let through beyond their types. Where one lists its values, its other rules are in the list. */
function diffValues(
  subject: string,
  current: OutputFieldSchema,
  candidate: OutputFieldSchema,
  pointer: string,
  add: AddDifference,
): void {
  if (diffMembers(subject, current, candidate, `${pointer}/enum`, add)) return;
  diffBounds(subject, current, candidate, pointer, add);
  for (const keyword of ['pattern', 'format'] as const) diffRule(subject, keyword, current, candidate, pointer, add);
}

/** @returns whether one of the fields lists its values. */
function diffMembers(
  subject: string,
  current: OutputFieldSchema,
  candidate: OutputFieldSchema,
  pointer: string,
  add: AddDifference,
): boolean {
  const [was, is] = [membersOf(current), membersOf(candidate)];
  if (!was && !is) return false;
  const [wasKeys, isKeys] = [keysOf(was), keysOf(is)];
  const removed = was?.filter((value) => (isKeys ? !isKeys.has(keyOf(value)) : !allows(candidate, value))) ?? [];
  const added = is?.filter((value) => (wasKeys ? !wasKeys.has(keyOf(value)) : !allows(current, value))) ?? [];
  if (removed.length > 0) add(pointer, 'narrower', `${subject} can no longer be ${toText(removed)}.`);
  if (added.length > 0) add(pointer, 'wider', `${subject} can be ${toText(added)} now.`);
  if (!is) add(pointer, 'wider', `${subject} may have other values than ${toText(was!)} now.`);
  if (!was) add(pointer, 'narrower', `${subject} may only be one of ${toText(is!)} now.`);
  return true;
}

function keysOf(values: readonly JsonValue[] | undefined): ReadonlySet<string> | undefined {
  return values && new Set(values.map(keyOf));
}

function diffRule(
  subject: string,
  keyword: 'pattern' | 'format',
  current: OutputFieldSchema,
  candidate: OutputFieldSchema,
  pointer: string,
  add: AddDifference,
): void {
  const [was, is] = [current[keyword], candidate[keyword]];
  if (was === is) return;
  const change = was === undefined ? 'narrower' : is === undefined ? 'wider' : 'other';
  add(`${pointer}/${keyword}`, change, `${subject}: ${keyword} ${is ?? 'none'} now, ${was ?? 'none'} before.`);
}

/** Longest list of values that a sentence shows. */
const MAX_VALUES = 10;

function toText(values: readonly JsonValue[]): string {
  if (values.length === 0) return 'nothing';
  const texts = values
    .slice(0, MAX_VALUES)
    .map((value) => (typeof value === 'bigint' ? String(value) : JSON.stringify(value)));
  return texts.join(', ') + (values.length > MAX_VALUES ? ', …' : '');
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
