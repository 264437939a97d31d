import type { FieldSchema } from '../../domain/signature.js';
import { acceptsTexts } from '../../domain/input/text-input.js';
import { modelForRows } from './model-doc.js';
import type { ModelDoc } from './model-doc.js';
import { envelopeExample } from './envelope-example.js';
import {
  answerExamples,
  brokenRowExamples,
  examplePairs,
  queryExample,
  requestExamples,
  withoutFields,
} from './model-examples.js';
import { validationErrors, validationResponse } from './model-operations.js';
import { JSON_TYPE, schemaRef } from './openapi-types.js';
import type { NamedExample, OpenApiDocument, Operation, Parameter, ResponseObject, Schema } from './openapi-types.js';
import { MAX_QUERY_FIELDS, otherFields } from './query-fields.js';
import { describeField, queryType } from './row-schemas.js';

interface TextsPayload {
  readonly texts: readonly { readonly text: string }[];
}

/** What the two bodies of texts that break the contract are answered with, to the byte (the users' documents of 2021). */
const TEXT_PROBLEMS: Record<string, NamedExample> = {
  empty_text: {
    summary: 'An empty text',
    value: {
      detail: [
        {
          loc: ['body', 'texts', 0, 'text'],
          msg: 'ensure this value has at least 1 characters',
          type: 'value_error.any_str.min_length',
          ctx: { limit_value: 1 },
        },
      ],
    },
  },
  no_texts: {
    summary: 'No texts',
    value: {
      detail: [{ loc: ['body', 'texts'], msg: 'List of texts to classify cannot be empty.', type: 'value_error' }],
    },
  },
};

/**
 * Fills the operations that serve every model with what is true of this store: working examples, the union of fields.
 * Pauses after each model and each field.
 *
 * @param models  served models, the default one first.
 */
export function* fillSharedOperations(
  { paths, components }: OpenApiDocument,
  models: readonly ModelDoc[],
): Generator<void, void> {
  const payload = components.schemas.PredictPayload?.example as TextsPayload;
  const [first] = models;
  for (const item of [paths['/predictions'], paths['/runs/{run_id}/predictions']]) {
    for (const operation of [item?.post, item?.put]) {
      if (!operation) continue;
      fillRows(operation, first!);
      yield;
    }
  }
  for (const operation of [paths['/predict']?.post, paths['/prediction']?.post])
    if (operation) fillTexts(operation, first!, payload);
  const textModel = models.find(({ run }) => acceptsTexts(run.signature.input)) ?? first!;
  const withRun = paths['/runs/{run_id}/predict']?.post;
  if (withRun) fillTexts(withRun, textModel, payload);
  if (!acceptsTexts(first!.run.signature.input)) removeTextExamples(components.schemas);
  if (paths['/predict']) yield* fillBare(paths['/predict'], models);
}

/** Viewers fill requests with the examples of schemas, which no request to the default model could hold. */
function removeTextExamples({ PredictPayload, TextDto }: Readonly<Record<string, Schema | undefined>>): void {
  const { texts } = (PredictPayload?.properties ?? {}) as Record<string, Schema | undefined>;
  const { text } = (TextDto?.properties ?? {}) as Record<string, Schema | undefined>;
  for (const schema of [PredictPayload, texts, text]) delete schema?.example;
}

function fillRows(operation: Operation, example: ModelDoc): void {
  const pairs = examplePairs(example);
  operation.requestBody!.content[JSON_TYPE]!.examples = requestExamples(pairs);
  successOf(operation).content![JSON_TYPE]!.examples = answerExamples(pairs);
  operation.responses[422] = validationResponse(example, ['body', 'inputs', 0], 'body');
}

function fillTexts(operation: Operation, doc: ModelDoc, payload: TextsPayload): void {
  const { model, run } = doc;
  operation.responses[422] = validationErrors('HTTPValidationError', TEXT_PROBLEMS);
  if (acceptsTexts(run.signature.input)) {
    operation.requestBody!.content[JSON_TYPE]!.example = payload;
    successOf(operation).content![JSON_TYPE]!.example = envelopeExample({ data: answerToTexts(doc, payload) });
    return;
  }
  operation['x-example-left-out'] = true;
  const warning = `The model ${model.card.name} takes no texts, so this answers 422 here.`;
  operation.description = [operation.description, warning].filter(Boolean).join('\n\n');
}

/** What the trainer saw for the texts; for its first example where it did not see them. */
function answerToTexts(doc: ModelDoc, { texts }: TextsPayload): object {
  const { model, run } = doc;
  const onRequest = run.decode.on_request ?? [];
  const outputs = texts.map(({ text }) => run.examples.find(({ input }) => input.text === text)?.output);
  if (outputs.includes(undefined)) return examplePairs(doc)[0]!.data;
  const predictions = outputs.map((output) => withoutFields(output!, onRequest));
  return { model: model.card.name, run_id: run.run_id, predictions };
}

function* fillBare(item: { get?: Operation; put?: Operation }, models: readonly ModelDoc[]): Generator<void, void> {
  const { doc: visible, isMeant } = yield* modelForRows(models);
  const primary = visible.model.best.loaded.codec.decoder.primaryFields;
  const output = Object.entries(visible.run.examples[0]!.output).filter(([name]) => primary.includes(name));
  const success: ResponseObject = {
    description: "The model's primary output alone, without envelope.",
    content: {
      [JSON_TYPE]: {
        schema: { anyOf: models.map(({ names }) => schemaRef(names.primary)) },
        example: Object.fromEntries(output),
      },
    },
  };
  if (item.get) {
    item.get.parameters = yield* unionOfFields(models, isMeant ? visible : undefined);
    const { input } = visible.run.examples[0]!;
    const filled = item.get.parameters.filter(({ example }) => example !== undefined).length;
    if (filled < Object.values(input).filter((value) => value !== null).length) item.get['x-example-shortened'] = true;
    Object.assign(item.get.responses, { 200: success, 422: bareErrors(visible, 'query') });
    if (!isMeant) leaveOutExample(item.get);
    yield;
  }
  if (!item.put) return;
  item.put.requestBody = {
    required: true,
    content: {
      [JSON_TYPE]: {
        schema: { anyOf: models.map(({ names }) => schemaRef(names.input)) },
        ...(isMeant && { example: visible.run.examples[0]!.input }),
      },
    },
  };
  Object.assign(item.put.responses, { 200: success, 422: bareErrors(visible, 'body') });
  if (!isMeant) leaveOutExample(item.put);
}

function leaveOutExample(operation: Operation): void {
  operation['x-example-left-out'] = true;
  const note = 'There is no example: several models here have the fields of each other.';
  operation.description = [operation.description, note].filter(Boolean).join('\n\n');
}

function bareErrors(doc: ModelDoc, source: 'query' | 'body'): ResponseObject {
  const examples = brokenRowExamples(doc, [source], source, 'types-only').map(({ key, summary, issues }) => [
    key,
    { summary, value: { detail: issues } },
  ]);
  return validationErrors('HTTPValidationError', Object.fromEntries(examples) as Record<string, NamedExample>);
}

/** Every field of every model, none required; only those of the shown model are filled in. */
function* unionOfFields(models: readonly ModelDoc[], visible: ModelDoc | undefined): Generator<void, Parameter[]> {
  const usesByName = new Map<string, { field: FieldSchema; model: string }[]>();
  for (const { model, run } of models) {
    for (const [name, field] of Object.entries(run.signature.input.properties)) {
      const uses = usesByName.get(name) ?? [];
      uses.push({ field, model: model.card.name });
      usesByName.set(name, uses);
    }
    yield;
  }
  const parameters: Parameter[] = [];
  for (const [name, uses] of [...usesByName].slice(0, MAX_QUERY_FIELDS)) {
    const isVisible = visible && Object.hasOwn(visible.run.signature.input.properties, name);
    const example = isVisible ? queryExample(visible.run, name) : undefined;
    parameters.push({
      name,
      in: 'query',
      required: false,
      description: describeField(uses[0]!.field, `Field of ${uses.map(({ model }) => model).join(', ')}.`)!,
      schema: looseSchema(uses.map(({ field }) => field)),
      ...(example !== undefined && { example }),
    });
    yield;
  }
  const more = usesByName.size - parameters.length;
  return more > 0 ? [...parameters, otherFields(more)] : parameters;
}

/** Types only: this route checks no bounds and no enums. A text where models differ, which a query is anyway. */
function looseSchema(fields: readonly FieldSchema[]): Schema {
  const types = new Set(fields.map(queryType));
  return { type: types.size === 1 ? [...types][0] : 'string' };
}

function successOf(operation: Operation): ResponseObject {
  return operation.responses[200] as ResponseObject;
}
