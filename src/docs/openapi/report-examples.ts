import type { DescribedModel } from './model-doc.js';
import { envelopeExample } from './envelope-example.js';
import { JSON_TYPE, operationsOf } from './openapi-types.js';
import type { NamedExample, OpenApiDocument, Schema } from './openapi-types.js';
import { oneField, pickParam, pickReportKey } from './parameter-examples.js';

/** Entries of a class or slice shown in an example. */
const SHOWN_ENTRIES = 3;
const MAX_SHOWN_DEPTH = 3;

const ANY_JSON: Schema = { type: ['string', 'number', 'boolean', 'object', 'array', 'null'] };

/**
 * Answers whose keys only the store knows: schemas that say so, and the default model's own values as examples.
 */
export function describeReports(document: OpenApiDocument, { run }: DescribedModel): void {
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
        value: envelopeExample({ data: oneField(filter, shorten(run.performance[filter]) as never) }),
      },
      whole: {
        summary: 'Without filter (shortened)',
        value: envelopeExample({ data: { performance: shorten(run.performance) } }),
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
function shorten(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_SHOWN_DEPTH) return Array.isArray(value) ? [] : {};
  if (Array.isArray(value)) return value.slice(0, SHOWN_ENTRIES).map((item) => shorten(item, depth + 1));
  const entries = Object.entries(value);
  const shown = depth === 0 ? entries : entries.slice(0, depth === 1 ? 6 : SHOWN_ENTRIES);
  return Object.fromEntries(shown.map(([key, item]) => [key, shorten(item, depth + 1)]));
}
