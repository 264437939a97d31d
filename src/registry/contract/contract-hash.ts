import { createHash } from 'node:crypto';

import { contractOf } from '../../domain/contract.js';
import type { Contract } from '../../domain/contract.js';
import type { Run } from '../../domain/run.js';
import { stringifyJson } from '../../lib/json/json-text.js';
import type { JsonValue } from '../../lib/json/json.js';
import type { OutputFieldSchema, OutputRowSchema } from '../../domain/signature.js';
import { isNullable } from '../../codec/validate/schema-check.js';
import { BOUND_TYPES, boundOf, keyOf, leastOf, membersOf, stepOf, valueTypeOf } from './schema-constraints.js';

/**
 * The contract's hash: 16 hex digits of the SHA-256 over what clients rely on. Contracts between which there is no
 * difference (`diffContracts`) have the same: words for people are left out, and so are rules that exclude nothing; the
 * order of keys, required fields and members of enums does not count.
 */
export function contractHash(contract: Contract): string {
  const { input, output } = contract.signature;
  const parts = { input: canonicalRow(input), output: canonicalRow(output), ...givenParts(contract) };
  return createHash('sha256')
    .update(stringifyJson(sorted(parts)))
    .digest('hex')
    .slice(0, 16);
}

const hashCache = new WeakMap<Run, string>();

/** The hash of the contract that a run keeps; computed once, because a row may have thousands of fields. */
export function contractHashOf(run: Run): string {
  const known = hashCache.get(run) ?? contractHash(contractOf(run));
  hashCache.set(run, known);
  return known;
}

/** Which outputs are returned, unless all of them always are. */
function givenParts({ signature, on_request: onRequest = [], primary }: Contract): Record<string, JsonValue> {
  const [requested, bare] = [new Set(onRequest), new Set(primary)];
  const always = Object.keys(signature.output.properties).filter((name) => !requested.has(name));
  const isComplete = !primary || always.every((name) => bare.has(name));
  return {
    ...(onRequest.length > 0 && { on_request: [...onRequest].sort() }),
    ...(!isComplete && { primary: [...primary].sort() }),
  };
}

/** Annotations of values, which do not change the contract. */
const METADATA_KEYS = new Set(['title', 'description', 'examples', 'contentEncoding', 'contentMediaType']);
/** Keywords that hold schemas of what is inside. */
const INNER = ['items', 'properties', 'required', 'additionalProperties'];
const RULES = ['minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength'];
const TEXT_RULES = ['pattern', 'format'];

function canonicalRow(row: OutputRowSchema): JsonValue {
  const { properties, required = [], oneOf, additionalProperties = true, ...rest } = row;
  const fields = Object.entries(properties).map(([name, field]) => [name, canonicalField(field)] as const);
  return {
    ...withoutWords(rest),
    properties: Object.fromEntries(fields),
    ...(required.length > 0 && { required: [...required].sort() }),
    ...(oneOf && { oneOf: oneOf.map((alternative) => [...alternative.required].sort().join()).sort() }),
    ...(!additionalProperties && { additionalProperties }),
  };
}

function canonicalField(schema: OutputFieldSchema): JsonValue {
  const members = membersOf(schema);
  const rest = withoutWords(schema, ['type', 'enum', 'minItems', ...INNER, ...RULES, ...(members ? TEXT_RULES : [])]);
  const type = valueTypeOf(schema);
  return {
    ...rest,
    type: isNullable(schema) ? [type, 'null'] : type,
    ...(members ? { enum: [...members].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)) } : rulesOf(schema)),
    ...(schema.items && { items: canonicalField(schema.items) }),
    ...objectParts(schema),
  };
}

function objectParts({
  properties,
  required = [],
  additionalProperties,
}: OutputFieldSchema): Record<string, JsonValue> {
  const members = Object.entries(properties ?? {}).map(([name, field]) => [name, canonicalField(field)] as const);
  return {
    ...(members.length > 0 && { properties: Object.fromEntries(members) }),
    ...(required.length > 0 && { required: [...required].sort() }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: canonicalField(additionalProperties) }),
  };
}

function rulesOf(schema: OutputFieldSchema): Record<string, JsonValue> {
  const bounds = BOUND_TYPES.flatMap((side) => {
    const bound = boundOf(schema, side);
    return bound ? [[bound.isExclusive ? side.strict : side.loose, bound.value] as const] : [];
  });
  const step = stepOf(schema);
  const minLength = leastOf(schema, 'minLength');
  const minItems = leastOf(schema, 'minItems');
  return {
    ...Object.fromEntries(bounds),
    ...(step !== undefined && !(step === 1 && valueTypeOf(schema) === 'integer') && { multipleOf: step }),
    ...(minLength !== undefined && { minLength }),
    ...(schema.maxLength !== undefined && { maxLength: schema.maxLength }),
    ...(minItems !== undefined && { minItems }),
  };
}

function withoutWords(schema: object, extra: readonly string[] = []): Record<string, JsonValue> {
  const isWord = (key: string) => METADATA_KEYS.has(key) || key.startsWith('x-') || extra.includes(key);
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !isWord(key)));
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, sorted(item)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
