import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import Ajv2020 from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

import { withBestBranches } from './best-branch.js';

/** Checks a document against one of the project's published JSON Schemas. */
export type SchemaCheck = (document: unknown) => readonly SchemaIssue[];

/** One broken rule: JSON pointer into the document, and what was expected. */
interface SchemaIssue {
  readonly pointer: string;
  readonly expected: string;
}

const compiled = new Map<string, SchemaCheck>();

/**
 * Compiles `schemas/{name}.schema.json`, which takes a while, once in a process.
 *
 * @param name  `card` or `run`.
 */
export function compileSchemaCheck(name: 'card' | 'run'): SchemaCheck {
  const known = compiled.get(name);
  if (known) return known;
  // Two levels up from both src/sources and dist/sources: the project's root.
  const file = join(__dirname, '..', '..', 'schemas', `${name}.schema.json`);
  const ajv = new Ajv2020({ allErrors: true, verbose: true, discriminator: true, strictTypes: false });
  addFormats(ajv);
  const validate = ajv.compile(JSON.parse(readFileSync(file, 'utf8')) as object);
  const check: SchemaCheck = (document) => (validate(document) ? [] : issuesOf(validate));
  compiled.set(name, check);
  return check;
}

const MAX_PROBLEMS = 20;

function issuesOf(validate: ValidateFunction): SchemaIssue[] {
  return withBestBranches(validate.errors ?? [])
    .filter((error) => error.keyword !== 'propertyNames')
    .slice(0, MAX_PROBLEMS)
    .map((error) => ({ pointer: error.instancePath || '/', expected: describe(error) }));
}

function describe(error: ErrorObject): string {
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'enum':
      return `must be one of ${(params.allowedValues as unknown[]).map((value) => JSON.stringify(value)).join(', ')}`;
    case 'const':
      return `must be ${JSON.stringify(params.allowedValue)}`;
    case 'additionalProperties':
      return `must not have the field ${JSON.stringify(params.additionalProperty)}`;
    case 'discriminator':
      return `needs a known ${JSON.stringify(params.tag)}`;
    default:
      return error.message ?? 'is not valid';
  }
}
