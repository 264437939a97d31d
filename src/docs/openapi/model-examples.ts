import type { JsonObject, JsonValue } from '../../lib/json/json.js';
import { stringifyJson } from '../../lib/json/json-text.js';
import type { Example, Run } from '../../domain/run.js';
import type { FieldSchema } from '../../domain/signature.js';
import type { Location, ValidationIssue } from '../../domain/validation-issue.js';
import type { ModelDoc } from './model-doc.js';
import { envelopeExample } from './envelope-example.js';
import type { NamedExample, ParameterValue } from './openapi-types.js';
import { isShortExample } from '../../lib/json/short-example.js';

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
  const seen = examples.slice(0, 1);
  const noteOf = ({ input }: Example) => ({ ...model.best.loaded.codec.describeRow(input, input) }) as never;
  const canInclude = onRequest.length > 0 && onRequest.every((name) => Object.hasOwn(seen[0]!.output, name));
  const withNotes = pair('with_notes', 'One row with notes', seen, ['notes']);
  const several = pair('several_rows', 'Several rows', examples.slice(0, 3), []);
  const isShort = isShortExample(several.request) && isShortExample(envelopeExample({ data: several.data }));
  return [
    pair('one_row', 'One row', seen, []),
    ...(isShort && examples.length > 1 ? [several] : []),
    ...(isShort ? [asColumns(several, examples.slice(0, 3))] : []),
    ...(canInclude ? [pair('with_include', `One row with ${onRequest.join(', ')}`, seen, onRequest)] : []),
    ...(hasNotes(run) ? [{ ...withNotes, data: { ...withNotes.data, notes: seen.map(noteOf) } }] : []),
  ];
}

/** The same rows as lists of values; of the first row's fields, which the others may have to lack. */
function asColumns(pair: ExamplePair, rows: readonly Example[]): ExamplePair {
  const columns = Object.keys(rows[0]!.input);
  const isSame = ({ input }: Example) =>
    Object.keys(input).length === columns.length && columns.every((name) => Object.hasOwn(input, name));
  const kept = rows.map(isSame);
  const data = rows.filter(isSame).map(({ input }) => columns.map((name) => input[name]!));
  const predictions = (pair.data.predictions as JsonValue[]).filter((_, i) => kept[i]);
  return {
    key: 'columns',
    summary: 'Rows as lists of values',
    request: { columns, data },
    data: { ...pair.data, predictions },
  };
}

/** Whether training recorded what it saw, so that there is something to note. */
function hasNotes({ signature }: Run): boolean {
  const fields = Object.values(signature.input.properties);
  return fields.some((field) => field['x-observed']) && !Object.hasOwn(signature.output.properties, 'notes');
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
  if (!isShortExample(value)) return undefined;
  return typeof value === 'object' ? stringifyJson(value) : value;
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
  const invalid = firstIssues(run, (name, value) => issuesOf(withField(valid, name, value)));
  return [
    {
      key: 'missing_field',
      summary: required === undefined ? 'Without any field' : `Without ${required}`,
      issues: missing,
    },
    { key: 'wrong_value', summary: `A wrong ${String(invalid?.[0]?.loc.at(-1) ?? 'value')}`, issues: invalid ?? [] },
  ].filter(({ issues }) => issues.length > 0);
}

/** What the first wrong value is answered with. Tries one after the other: a row may have thousands of fields. */
function firstIssues(
  { signature, examples }: Run,
  issuesWith: (name: string, value: JsonValue) => ValidationIssue[],
): ValidationIssue[] | undefined {
  const { properties, oneOf } = signature.input;
  for (const [name, field] of Object.entries(properties)) {
    // A field beside its alternative breaks another rule than its own.
    if (oneOf && !Object.hasOwn(examples[0]!.input, name)) continue;
    for (const value of badValuesOf(field)) {
      const issues = issuesWith(name, value);
      if (issues.length > 0) return issues;
    }
  }
  return undefined;
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
