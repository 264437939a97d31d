import type { JsonValue } from '../../lib/json/json.js';
import type { Run } from '../../domain/run.js';
import { acceptsTexts } from '../../domain/input/text-input.js';
import type { ModelDoc } from './model-doc.js';
import { operationsOf } from './openapi-types.js';
import type { OpenApiDocument, Parameter, ParameterValue } from './openapi-types.js';

/**
 * Gives every parameter of the fixed operations an example that exists in this store, so that each can be tried as it
 * stands. Examples that would not exist are taken away.
 *
 * @param models  served models, the default one first.
 */
export function fillParameterExamples(document: OpenApiDocument, models: readonly ModelDoc[]): void {
  const textModel = models.find(({ run }) => acceptsTexts(run.signature.input));
  for (const entry of operationsOf(document)) {
    const { path, operation } = entry;
    if (!operation.parameters || isModelPath(path) || path === '/predict') continue;
    const subject = path === '/runs/{run_id}/predict' && textModel ? textModel : models[0];
    operation.parameters = operation.parameters.map((parameter) => withExample(parameter, subject));
  }
}

function withExample(parameter: Parameter, subject: ModelDoc | undefined): Parameter {
  // The decorators put a query parameter's example into its schema.
  const { example, ...schema } = parameter.schema ?? {};
  const inSchema = example as ParameterValue | undefined;
  const { example: written = inSchema, ...rest } = parameter;
  const existing = examplesOf(subject);
  const key = `${parameter.in} ${parameter.name}`;
  const value = Object.hasOwn(existing, key) ? existing[key] : written;
  return { ...rest, ...(parameter.schema && { schema }), ...(value !== undefined && { example: value }) };
}

/** By kind and name of a parameter; those that no model can exemplify are undefined. */
function examplesOf(subject: ModelDoc | undefined): Readonly<Record<string, ParameterValue | undefined>> {
  if (!subject) return NO_EXAMPLES;
  const { model, run } = subject;
  return {
    'path model': model.card.name,
    'path run_id': run.run_id,
    'path param': pickParam(run),
    'path metric': model.card.selection.metric,
    'query filter': pickReportKey(run),
    'query sort': `-metrics.${model.card.selection.metric}`,
    'query model': model.card.name,
  };
}

const NO_EXAMPLES: Readonly<Record<string, undefined>> = {
  'path model': undefined,
  'path run_id': undefined,
  'path param': undefined,
  'path metric': undefined,
  'query filter': undefined,
  'query sort': undefined,
  'query model': undefined,
};

/** A model's own operations hold examples of its own. */
function isModelPath(path: string): boolean {
  return path.startsWith('/models/') && !path.includes('{');
}

/** A parameter of the run that reads well in an address. */
export function pickParam(run: Run): string | undefined {
  const names = Object.keys(run.params);
  return names.find((name) => /^[\w.-]+$/.test(name)) ?? names[0];
}

/** The part of the report that people ask for most, else its first. */
export function pickReportKey(run: Run): string | undefined {
  const keys = Object.keys(run.performance).filter((key) => !key.includes('.') && key !== '');
  return keys.includes('overall') ? 'overall' : keys[0];
}

/** A field of any name, also `__proto__`. */
export function oneField(name: string, value: JsonValue | undefined): Record<string, JsonValue> {
  return value === undefined ? {} : Object.fromEntries([[name, value]]);
}
