import { join } from 'node:path';

import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';

import { nearestName } from '../lib/nearest-name.js';
import { compiledFile } from '../lib/threads/compiled-file.js';
import { withBestBranches } from './best-branch.js';

/** Checks a document against one of the project's published JSON Schemas. */
export type SchemaCheck = (document: unknown) => readonly SchemaIssue[];

/** One broken rule: JSON pointer into the document, and what was expected. */
export interface SchemaIssue {
  readonly pointer: string;
  readonly expected: string;
}

const loaded = new Map<string, SchemaCheck>();

/**
 * The check of `schemas/{name}.schema.json`, which the build has compiled: compiling it takes a quarter of a second.
 *
 * @param name  `card` or `run`.
 */
export function loadSchemaCheck(name: 'card' | 'run'): SchemaCheck {
  const known = loaded.get(name);
  if (known) return known;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- its path depends on where this file runs
  const validate = require(compiledFile(join(__dirname, '..', 'schemas', `${name}.check.js`))) as ValidateFunction;
  const check: SchemaCheck = (document) => (validate(document) ? [] : issuesOf(validate));
  loaded.set(name, check);
  return check;
}

const MAX_PROBLEMS = 20;

function issuesOf(validate: ValidateFunction): SchemaIssue[] {
  return withBestBranches(validate.errors ?? [])
    .filter((error) => error.keyword !== 'propertyNames')
    .slice(0, MAX_PROBLEMS)
    .map((error) => ({ pointer: error.instancePath || '/', expected: describe(error) + digitsHint(error) }));
}

function describe(error: ErrorObject): string {
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'enum':
      return `must be one of ${listOf(params.allowedValues as unknown[], error.data)}`;
    case 'const':
      return `must be ${JSON.stringify(params.allowedValue)}`;
    case 'additionalProperties':
      return `must not have the field ${JSON.stringify(params.additionalProperty)}${meant(params.additionalProperty, knownFields(error))}`;
    case 'not':
      return describeNot(error);
    case 'discriminator':
      return `needs a known ${JSON.stringify(params.tag)}: ${listOf(knownTags(error, params.tag as string), params.tagValue)}`;
    default:
      return error.message ?? 'is not valid';
  }
}

/** JSON's whole numbers beyond 2^53 keep their digits, which no limit and no setting has a use for. */
function digitsHint({ keyword, data }: ErrorObject): string {
  const isNumber = keyword === 'type' || keyword === 'anyOf' || keyword === 'oneOf';
  if (typeof data !== 'bigint' || !isNumber) return '';
  return ` of up to 2^53, or with an exponent: ${Number(data).toExponential()}`;
}

/** Values of no type that is named: JSON's whole numbers beyond 2^53 have none by which they could be allowed. */
function describeNot({ schema, message = 'is not valid' }: ErrorObject): string {
  const types = [(schema as { type?: string | readonly string[] } | undefined)?.type ?? []].flat();
  return types.length === 0 ? message : `must be no ${types.join(', no ')}`;
}

/** Values that are permitted, and the one of them that is probably meant. */
function listOf(permitted: readonly unknown[], given: unknown): string {
  return permitted.map((value) => JSON.stringify(value)).join(', ') + meant(given, permitted);
}

function meant(given: unknown, permitted: readonly unknown[]): string {
  const names = permitted.filter((value) => typeof value === 'string');
  const nearest = typeof given === 'string' ? nearestName(given, names) : undefined;
  return nearest === undefined ? '' : ` (did you mean ${JSON.stringify(nearest)}?)`;
}

function knownFields({ parentSchema }: ErrorObject): string[] {
  return Object.keys((parentSchema as Partial<SchemaBranch>).properties ?? {});
}

/** A schema of an object, as far as it is read here. */
interface SchemaBranch {
  readonly properties: Readonly<Record<string, { readonly const?: unknown }>>;
}

/** Values of the member that tells the forms of an object apart; the schemas write all of them in place. */
function knownTags({ parentSchema }: ErrorObject, tag: string): unknown[] {
  const { oneOf = [] } = parentSchema as { readonly oneOf?: readonly SchemaBranch[] };
  return oneOf.map(({ properties }) => properties[tag]?.const);
}
