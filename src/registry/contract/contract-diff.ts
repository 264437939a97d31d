import { isDeepStrictEqual } from 'node:util';

import { isNullable, pointerTo, typeOf } from '../../codec/validate/schema-check.js';
import type { Contract } from '../../domain/contract.js';
import type { JsonValue } from '../../lib/json.js';
import type { FieldSchema, RowSchema } from '../../domain/signature.js';
import { diffBounds } from './diff-bounds.js';
import { allows, keyOf, membersOf, valueTypeOf } from './schema-constraints.js';

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
export type Direction = 'input' | 'output';

/** Notes a difference: whether it lets more values through than before, fewer, or simply others. */
export type Note = (pointer: string, change: 'wider' | 'narrower' | 'other' | 'harmless', message: string) => void;

/**
 * What changes for clients of one contract when they are served another. Titles, descriptions, examples and `x-…` keys
 * are no part of a contract, and neither is the order of fields.
 *
 * @returns the differences in the order of the fields, inputs first; empty when the contracts are the same.
 */
export function diffContracts(served: Contract, candidate: Contract): ContractDifference[] {
  const differences: ContractDifference[] = [];
  for (const direction of ['input', 'output'] as const) {
    const note: Note = (pointer, change, message) => {
      const isSafe = change === 'harmless' || change === (direction === 'input' ? 'wider' : 'narrower');
      differences.push({ pointer, kind: isSafe ? 'compatible' : 'breaking', message });
    };
    diffRows(served.signature[direction], candidate.signature[direction], direction, note);
    if (direction === 'output') diffGiven(served, candidate, note);
  }
  return differences;
}

/** Those of the differences that may break a client. */
export function breakingDifferences(served: Contract, candidate: Contract): ContractDifference[] {
  return diffContracts(served, candidate).filter(({ kind }) => kind === 'breaking');
}

function diffRows(served: RowSchema, candidate: RowSchema, direction: Direction, note: Note): void {
  const root = `/${direction}`;
  for (const [name, field] of Object.entries(served.properties)) {
    const pointer = pointerTo(`${root}/properties`, name);
    const who = `The ${direction} "${name}"`;
    const other = own(candidate.properties, name);
    // Clients that send it would be ignored without a word, which is no better than refusing them.
    if (!other) note(pointer, 'other', `${who} is gone.`);
    else {
      diffPresence(who, isRequired(served, name), isRequired(candidate, name), pointer, note);
      diffField(who, field, other, pointer, note);
    }
  }
  for (const name of Object.keys(candidate.properties)) {
    if (own(served.properties, name)) continue;
    const isDemanded = direction === 'input' && isRequired(candidate, name);
    const message = `The ${direction} "${name}" is new${isDemanded ? ' and required' : ''}.`;
    note(pointerTo(`${root}/properties`, name), isDemanded ? 'other' : 'harmless', message);
  }
  diffExtras(served, candidate, direction, note);
}

function diffPresence(who: string, was: boolean, is: boolean, pointer: string, note: Note): void {
  if (was === is) return;
  const change = is ? 'narrower' : 'wider';
  note(pointer, change, `${who} ${is ? 'is required now' : 'may be absent now'}.`);
}

/** Which outputs clients get without asking, and which ones in the bare answer. */
function diffGiven(served: Contract, candidate: Contract, note: Note): void {
  for (const name of Object.keys(served.signature.output.properties)) {
    if (!own(candidate.signature.output.properties, name)) continue;
    const pointer = pointerTo('/output/properties', name);
    const [wasAsked, isAsked] = [served.on_request?.includes(name), candidate.on_request?.includes(name)];
    if (differ(wasAsked, isAsked)) {
      const message = `The output "${name}" is ${isAsked ? 'given on request only' : 'always given'} now.`;
      note(pointer, isAsked ? 'wider' : 'harmless', message);
    }
    const [wasBare, isBare] = [served.primary?.includes(name), candidate.primary?.includes(name)];
    if (differ(wasBare, isBare)) {
      const message = `The output "${name}" is ${isBare ? 'part of the bare answer now' : 'no longer part of the bare answer'}.`;
      note(pointer, isBare ? 'harmless' : 'wider', message);
    }
  }
}

function differ(was: boolean | undefined, is: boolean | undefined): boolean {
  return was !== undefined && is !== undefined && was !== is;
}

function diffExtras(served: RowSchema, candidate: RowSchema, direction: Direction, note: Note): void {
  const [was, is] = [served.additionalProperties ?? true, candidate.additionalProperties ?? true];
  if (was === is) return;
  const pointer = `/${direction}/additionalProperties`;
  // Clients ignore outputs they do not know.
  if (direction === 'output') note(pointer, 'harmless', `Unknown outputs are ${is ? 'possible' : 'excluded'} now.`);
  else note(pointer, is ? 'wider' : 'narrower', `Unknown inputs are ${is ? 'ignored' : 'refused'} now.`);
}

function diffField(who: string, served: FieldSchema, candidate: FieldSchema, pointer: string, note: Note): void {
  if (!diffType(who, served, candidate, pointer, note)) return;
  diffValues(who, served, candidate, pointer, note);
  if (served.unit !== candidate.unit) {
    // A unit that was never named may have been the same all along; one that changes makes old numbers wrong.
    const isChanged = served.unit !== undefined && candidate.unit !== undefined;
    const message = `${who}: in ${candidate.unit ?? 'no named unit'} now, in ${served.unit ?? 'no named unit'} before.`;
    note(`${pointer}/unit`, isChanged ? 'other' : 'harmless', message);
  }
  if (!isDeepStrictEqual(served.default, candidate.default)) {
    note(`${pointer}/default`, 'harmless', `${who} has another default.`);
  }
  if (served.items && candidate.items) {
    diffField(`Each item of ${lowerFirst(who)}`, served.items, candidate.items, `${pointer}/items`, note);
  }
}

/** @returns whether the types have enough in common to compare the rest. */
function diffType(who: string, served: FieldSchema, candidate: FieldSchema, pointer: string, note: Note): boolean {
  const [wasNullable, isNull] = [isNullable(served), isNullable(candidate)];
  if (wasNullable !== isNull) {
    const message = `${who} ${isNull ? 'may be null now' : 'is never null now'}.`;
    note(`${pointer}/type`, isNull ? 'wider' : 'narrower', message);
  }
  const [was, is] = [valueTypeOf(served), valueTypeOf(candidate)];
  // Of two numbers one of which is always whole, the step or the members tell more.
  if (was === is || typeOf(served) === typeOf(candidate)) return true;
  const isNumeric = [was, is].every((type) => type === 'integer' || type === 'number');
  const change = isNumeric ? (is === 'number' ? 'wider' : 'narrower') : 'other';
  note(`${pointer}/type`, change, `${who} is of type ${is}, not ${was}.`);
  return isNumeric;
}

/** What the fields let through beyond their types. Where one lists its values, its other rules are in the list. */
function diffValues(who: string, served: FieldSchema, candidate: FieldSchema, pointer: string, note: Note): void {
  if (diffMembers(who, served, candidate, `${pointer}/enum`, note)) return;
  diffBounds(who, served, candidate, pointer, note);
  for (const keyword of ['pattern', 'format'] as const) diffRule(who, keyword, served, candidate, pointer, note);
}

/** @returns whether one of the fields lists its values. */
function diffMembers(who: string, served: FieldSchema, candidate: FieldSchema, pointer: string, note: Note): boolean {
  const [was, is] = [membersOf(served), membersOf(candidate)];
  if (!was && !is) return false;
  const gone = was?.filter((value) => (is ? lacks(is, value) : !allows(candidate, value))) ?? [];
  const added = is?.filter((value) => (was ? lacks(was, value) : !allows(served, value))) ?? [];
  if (gone.length > 0) note(pointer, 'narrower', `${who} can no longer be ${shown(gone)}.`);
  if (added.length > 0) note(pointer, 'wider', `${who} can be ${shown(added)} now.`);
  if (!is) note(pointer, 'wider', `${who} may have other values than ${shown(was!)} now.`);
  if (!was) note(pointer, 'narrower', `${who} may only be one of ${shown(is!)} now.`);
  return true;
}

function lacks(list: readonly JsonValue[], value: JsonValue): boolean {
  return !list.some((other) => keyOf(other) === keyOf(value));
}

function diffRule(
  who: string,
  keyword: 'pattern' | 'format',
  served: FieldSchema,
  candidate: FieldSchema,
  pointer: string,
  note: Note,
): void {
  const [was, is] = [served[keyword], candidate[keyword]];
  if (was === is) return;
  const change = was === undefined ? 'narrower' : is === undefined ? 'wider' : 'other';
  note(`${pointer}/${keyword}`, change, `${who}: ${keyword} ${is ?? 'none'} now, ${was ?? 'none'} before.`);
}

/** Longest list of values that a sentence shows. */
const SHOWN_VALUES = 10;

function shown(values: readonly JsonValue[]): string {
  if (values.length === 0) return 'nothing';
  const listed = values
    .slice(0, SHOWN_VALUES)
    .map((value) => (typeof value === 'bigint' ? String(value) : JSON.stringify(value)));
  return listed.join(', ') + (values.length > SHOWN_VALUES ? ', …' : '');
}

function isRequired(schema: RowSchema, name: string): boolean {
  return schema.required?.includes(name) ?? false;
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
