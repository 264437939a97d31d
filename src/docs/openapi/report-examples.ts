import type { ModelDoc } from './model-doc.js';
import { envelopeExample } from './envelope-example.js';
import { JSON_TYPE, operationsOf } from './openapi-types.js';
import type { NamedExample, OpenApiDocument, Schema } from './openapi-types.js';
import { oneField, pickParam, pickReportKey } from './parameter-examples.js';

/** Entries of a class or slice shown in an example. */
const MAX_ENTRIES = 3;
const MAX_DEPTH = 3;

const ANY_JSON: Schema = { type: ['string', 'number', 'boolean', 'object', 'array', 'null'] };

/**
 * Answers whose keys only the store knows: schemas that say so, and the default model's own values as examples.
 *
 * @param subject  the default model; without one there are no values to show.
 */
export function describeReports(document: OpenApiDocument, subject: ModelDoc | undefined): void {
  const { schemas } = document.components;
  extend(schemas, 'EmptyDto', { additionalProperties: false, maxProperties: 0 });
  extend(schemas, 'ParamDto', {
    minProperties: 1,
    maxProperties: 1,
    additionalProperties: { ...ANY_JSON, description: 'The value, of the JSON type that training used.' },
  });
  extend(schemas, 'PerformanceDto', {
    minProperties: 1,
    maxProperties: 1,
    additionalProperties: { ...ANY_JSON, description: 'The part of the report that `filter` names, under that name.' },
  });
  if (subject) addReportSamples(document, subject);
}

function addReportSamples(document: OpenApiDocument, { run }: ModelDoc): void {
  const param = pickParam(run) ?? 'name';
  const filter = pickReportKey(run) ?? 'overall';
  const examplesBySuffix: Record<string, Record<string, NamedExample>> = {
    '/params': { all: { summary: 'All parameters', value: envelopeExample({ data: { params: run.params } }) } },
    '/params/{param}': {
      one: { summary: param, value: envelopeExample({ data: oneField(param, run.params[param]) }) },
    },
    '/performance': {
      part: {
        summary: `With filter=${filter}`,
        value: envelopeExample({ data: oneField(filter, truncate(run.performance[filter]) as never) }),
      },
      whole: {
        summary: 'Without filter (shortened)',
        value: envelopeExample({ data: { performance: truncate(run.performance) } }),
      },
    },
  };
  for (const { path, operation } of operationsOf(document)) {
    const suffix = /\/(?:params(?:\/\{param\})?|performance)$/.exec(path)?.[0];
    const success = operation.responses[200];
    const examples = suffix === undefined ? undefined : examplesBySuffix[suffix];
    if (examples && success && 'content' in success) success.content![JSON_TYPE]!.examples = examples;
  }
}

function extend(schemas: Record<string, Schema>, name: string, keywords: Schema): void {
  if (schemas[name]) schemas[name] = { ...schemas[name], ...keywords };
}

/** A report may have hundreds of classes and points of a curve: an example needs a few. */
function truncate(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return Array.isArray(value) ? [] : {};
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((item) => truncate(item, depth + 1));
  const entries = Object.entries(value);
  const visible = depth === 0 ? entries : entries.slice(0, depth === 1 ? 6 : MAX_ENTRIES);
  return Object.fromEntries(visible.map(([key, item]) => [key, truncate(item, depth + 1)]));
}
