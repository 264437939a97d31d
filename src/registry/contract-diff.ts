import { isDeepStrictEqual } from 'node:util';

import type { FieldSchema, FieldType, RowSchema, Signature } from '../domain/signature.js';
import { diffBounds } from './contract-bounds.js';

/** One difference between the contract that clients rely on and another one. */
export interface ContractDifference {
  /** JSON pointer into the signature, e.g. `/input/properties/age/maximum`. */
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
export function diffContracts(served: Signature, candidate: Signature): ContractDifference[] {
  const differences: ContractDifference[] = [];
  for (const direction of ['input', 'output'] as const) {
    const note: Note = (pointer, change, message) => {
      const isSafe = change === 'harmless' || change === (direction === 'input' ? 'wider' : 'narrower');
      differences.push({ pointer, kind: isSafe ? 'compatible' : 'breaking', message });
    };
    diffRows(served[direction], candidate[direction], direction, note);
  }
  return differences;
}

/** Those of the differences that may break a client. */
export function breakingDifferences(served: Signature, candidate: Signature): ContractDifference[] {
  return diffContracts(served, candidate).filter(({ kind }) => kind === 'breaking');
}

function diffRows(served: RowSchema, candidate: RowSchema, direction: Direction, note: Note): void {
  const root = `/${direction}`;
  for (const [name, field] of Object.entries(served.properties)) {
    const pointer = `${root}/properties/${escaped(name)}`;
    const who = `The ${direction} "${name}"`;
    const other = own(candidate.properties, name);
    // Clients that send it would be ignored without a word, which is no better than refusing them.
    if (!other) note(pointer, 'other', `${who} is gone.`);
    else {
      diffPresence(who, isRequired(served, name), isRequired(candidate, name), root, note);
      diffField(who, field, other, pointer, note);
    }
  }
  for (const name of Object.keys(candidate.properties)) {
    if (own(served.properties, name)) continue;
    const isDemanded = direction === 'input' && isRequired(candidate, name);
    const message = `The ${direction} "${name}" is new${isDemanded ? ' and required' : ''}.`;
    note(`${root}/properties/${escaped(name)}`, isDemanded ? 'other' : 'harmless', message);
  }
  diffExtras(served, candidate, direction, note);
}

function diffPresence(who: string, was: boolean, is: boolean, root: string, note: Note): void {
  if (was === is) return;
  const change = is ? 'narrower' : 'wider';
  note(`${root}/required`, change, `${who} ${is ? 'is required now' : 'may be absent now'}.`);
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
  diffEnum(who, served, candidate, pointer, note);
  diffBounds(who, served, candidate, pointer, note);
  for (const keyword of ['pattern', 'format'] as const) diffRule(who, keyword, served, candidate, pointer, note);
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
  const [was, is] = [typeOf(served), typeOf(candidate)];
  const [wasNullable, isNullable] = [typeof served.type !== 'string', typeof candidate.type !== 'string'];
  if (wasNullable !== isNullable) {
    const message = `${who} ${isNullable ? 'may be null now' : 'is never null now'}.`;
    note(`${pointer}/type`, isNullable ? 'wider' : 'narrower', message);
  }
  if (was === is) return true;
  const isNumeric = [was, is].every((type) => type === 'integer' || type === 'number');
  const change = isNumeric ? (is === 'number' ? 'wider' : 'narrower') : 'other';
  note(`${pointer}/type`, change, `${who} is of type ${is}, not ${was}.`);
  return isNumeric;
}

function diffEnum(who: string, served: FieldSchema, candidate: FieldSchema, pointer: string, note: Note): void {
  const [was, is] = [served.enum, candidate.enum];
  const at = `${pointer}/enum`;
  if (was && !is) note(at, 'wider', `${who} may have any value now.`);
  if (!was && is) note(at, 'narrower', `${who} may only be one of ${shown(is)} now.`);
  if (!was || !is) return;
  const lacks = (list: readonly unknown[], value: unknown) => !list.some((other) => isDeepStrictEqual(other, value));
  const gone = was.filter((value) => lacks(is, value));
  const added = is.filter((value) => lacks(was, value));
  if (gone.length > 0) note(at, 'narrower', `${who} can no longer be ${shown(gone)}.`);
  if (added.length > 0) note(at, 'wider', `${who} can be ${shown(added)} now.`);
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

function shown(values: readonly unknown[]): string {
  const listed = values
    .slice(0, SHOWN_VALUES)
    .map((value) => (typeof value === 'bigint' ? String(value) : JSON.stringify(value)));
  return listed.join(', ') + (values.length > SHOWN_VALUES ? ', …' : '');
}

function typeOf(schema: FieldSchema): FieldType {
  return typeof schema.type === 'string' ? schema.type : schema.type[0];
}

function isRequired(schema: RowSchema, name: string): boolean {
  return schema.required?.includes(name) ?? false;
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
