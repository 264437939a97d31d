import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';

import { withBestBranches } from './best-branch.js';

/** Checks a document against one of the project's published JSON Schemas. */
export type SchemaCheck = (document: unknown) => readonly SchemaIssue[];

/** One broken rule: JSON pointer into the document, and what was expected. */
interface SchemaIssue {
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
  const validate = require(compiledFile(name)) as ValidateFunction;
  const check: SchemaCheck = (document) => (validate(document) ? [] : issuesOf(validate));
  loaded.set(name, check);
  return check;
}

/** Beside this folder in the build. Under Jest, where this file is source, it is the one in dist/ (built first). */
function compiledFile(name: string): string {
  const file = `${name}.check.js`;
  const beside = join(__dirname, '..', 'schemas', file);
  return existsSync(beside) ? beside : join(__dirname, '..', '..', 'dist', 'schemas', file);
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
