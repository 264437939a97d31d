import Ajv2020 from 'ajv/dist/2020.js';
import type { AnySchema, ErrorObject } from 'ajv';
import addFormats from 'ajv-formats';

import type { Json } from '../http/get-json.js';

/** One operation of a served document. */
export interface TestOperation {
  readonly path: string;
  readonly method: string;
  readonly operation: Json;
  /** `GET /runs/{run_id}`. */
  readonly name: string;
}

export function listOperations(document: Json): TestOperation[] {
  return Object.entries<Json>(document.paths).flatMap(([path, item]) =>
    Object.entries<Json>(item).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      operation,
      name: `${method.toUpperCase()} ${path}`,
    })),
  );
}

/** The operation's address with the examples of its parameters filled in. */
export function exampleAddress({ path, operation }: TestOperation): string {
  const parameters: Json[] = (operation.parameters ?? []).filter(({ example }: Json) => example !== undefined);
  const query = parameters
    .filter((parameter) => parameter.in === 'query')
    .map(({ name, example }) => `${encodeURIComponent(name)}=${encodeURIComponent(example)}`)
    .join('&');
  const filled = parameters
    .filter((parameter) => parameter.in === 'path')
    .reduce((address: string, { name, example }) => address.replace(`{${name}}`, encodeURIComponent(example)), path);
  return filled + (query && `?${query}`);
}

/** The first example of a media type. */
export function firstExample(media: Json): Json {
  return media.example ?? Object.values<Json>(media.examples ?? {})[0]?.value;
}

/** Follows a reference of the document. */
export function resolveRef(document: Json, thing: Json): Json {
  if (typeof thing?.$ref !== 'string') return thing;
  const found = thing.$ref
    .slice(2)
    .split('/')
    .reduce((part: Json, key: string) => part?.[key.replace(/~1/g, '/').replace(/~0/g, '~')], document);
  return resolveRef(document, found);
}

/** Says what is wrong with a value by a schema of the document; empty when nothing is. */
export function schemaChecker(document: Json): (schema: Json, value: unknown) => string {
  const ajv = addFormats(new Ajv2020({ strict: false, allErrors: true }));
  ajv.addSchema({ $id: 'urn:bestrun:document', components: document.components });
  return (schema, value) => {
    const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"urn:bestrun:document#/')) as AnySchema;
    const check = ajv.compile(absolute);
    return check(value) ? '' : (check.errors as ErrorObject[]).map((e) => `${e.instancePath} ${e.message}`).join('; ');
  };
}
