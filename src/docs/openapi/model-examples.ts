import type { JsonObject, JsonValue } from '../../lib/json.js';
import { stringifyJson } from '../../lib/json-text.js';
import type { Run } from '../../domain/run.js';
import type { FieldSchema } from '../../domain/signature.js';
import type { Location, ValidationIssue } from '../../domain/validation-issue.js';
import type { ModelDoc } from './model-doc.js';
import { envelopeExample } from './envelope-example.js';
import type { NamedExample, ParameterValue } from './openapi-types.js';

/** Rows longer than this are shown once, not several together, characters of JSON. */
const LONG_ROW = 2_000;

/** A request body and the answer the trainer saw for it. */
interface ExamplePair {
  readonly key: string;
  readonly summary: string;
  readonly request: JsonObject;
  readonly data: JsonObject;
}

/** Requests to a model with their answers, from the run's own examples. The first is what "Try it out" sends. */
export function examplePairs({ model, run }: ModelDoc): ExamplePair[] {
  const { examples } = run;
  const onRequest = run.decode.on_request ?? [];
  const pair = (key: string, summary: string, rows: typeof examples, include: readonly string[]): ExamplePair => ({
    key,
    summary,
    request: { inputs: rows.map(({ input }) => input), ...(include.length > 0 && { include: [...include] }) },
    data: {
      model: model.card.name,
      run_id: run.run_id,
      predictions: rows.map(({ output }) =>
        withoutFields(
          output,
          onRequest.filter((name) => !include.includes(name)),
        ),
      ),
    },
  });
  const isShort = stringifyJson(examples[0]!).length <= LONG_ROW;
  const seen = examples.slice(0, 1);
  const canInclude = onRequest.length > 0 && onRequest.every((name) => Object.hasOwn(seen[0]!.output, name));
  return [
    pair('one_row', 'One row', seen, []),
    ...(isShort && examples.length > 1 ? [pair('several_rows', 'Several rows', examples.slice(0, 3), [])] : []),
    ...(canInclude ? [pair('with_include', `One row with ${onRequest.join(', ')}`, seen, onRequest)] : []),
  ];
}

/** The rows of `examplePairs` as the bodies of requests. */
export function requestExamples(pairs: readonly ExamplePair[]): Record<string, NamedExample> {
  return Object.fromEntries(pairs.map(({ key, summary, request }) => [key, { summary, value: request }]));
}

/** The answers to `requestExamples`, whole. */
export function answerExamples(pairs: readonly ExamplePair[]): Record<string, NamedExample> {
  return Object.fromEntries(
    pairs.map(({ key, summary, data }) => [key, { summary, value: envelopeExample({ data }) }]),
  );
}

/** A value of the first example for a query; undefined where an address cannot hold it. */
export function queryExample(run: Run, field: string): ParameterValue | undefined {
  const row = run.examples[0]!.input;
  const value = Object.hasOwn(row, field) ? row[field] : undefined;
  if (value === undefined || value === null) return undefined;
  const visible = typeof value === 'object' ? stringifyJson(value) : value;
  return String(visible).length > LONG_ROW ? undefined : visible;
}

/**
 * What the model's own check says of rows that break its contract: a required field left out, a value out of bounds or
 * of the wrong type. Made by the check itself, so these are the messages of a real answer.
 *
 * @param loc  where the row sits in the request.
 */
export function brokenRowExamples(
  { model, run }: ModelDoc,
  loc: Location,
  source: 'body' | 'query',
  mode: 'strict' | 'types-only',
): { readonly key: string; readonly summary: string; readonly issues: readonly ValidationIssue[] }[] {
  const valid = run.examples[0]!.input;
  const { validator } = model.best.loaded.codec;
  const issuesOf = (row: JsonObject): ValidationIssue[] => {
    const issues: ValidationIssue[] = [];
    validator.validate(row, loc, { source, mode }, issues);
    return issues;
  };
  const { required: [required] = [], oneOf: [alternative] = [], properties } = run.signature.input;
  const needed = required === undefined ? alternative && Object.keys(properties) : [required];
  const missing = needed ? issuesOf(withoutFields(valid, needed)) : [];
  const invalid = Object.entries(run.signature.input.properties)
    .filter(([name]) => Object.hasOwn(valid, name) || alternative === undefined)
    .flatMap(([name, field]) => badValuesOf(field).map((value) => issuesOf(withField(valid, name, value))))
    .find((issues) => issues.length > 0);
  return [
    {
      key: 'missing_field',
      summary: required === undefined ? 'Without any field' : `Without ${required}`,
      issues: missing,
    },
    { key: 'wrong_value', summary: `A wrong ${String(invalid?.[0]?.loc.at(-1) ?? 'value')}`, issues: invalid ?? [] },
  ].filter(({ issues }) => issues.length > 0);
}

/** Values that break a field's rules, the clearest first. */
function badValuesOf({ type, enum: values, maximum, minimum, minLength }: FieldSchema): JsonValue[] {
  const isText = [type].flat()[0] === 'string';
  return [
    ...(values ? [isText ? 'x' : -1] : []),
    ...(maximum !== undefined ? [maximum + 1] : []),
    ...(minimum !== undefined ? [minimum - 1] : []),
    ...(minLength !== undefined ? [''] : []),
    isText ? 1 : 'x',
  ];
}

/** The row without some of its fields. */
export function withoutFields(row: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));
}

function withField(row: JsonObject, name: string, value: JsonValue): JsonObject {
  return Object.fromEntries([...Object.entries(row).filter(([key]) => key !== name), [name, value]]);
}
