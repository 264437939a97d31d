import type { FieldSchema } from '../../domain/signature.js';
import { takesTexts } from '../../domain/text-shorthand.js';
import { modelForRows } from './described-model.js';
import type { DescribedModel } from './described-model.js';
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
import { describeField, querySchema } from './row-schemas.js';

interface TextsPayload {
  readonly texts: readonly { readonly text: string }[];
}

/** Answers to the two bodies of texts that break the contract, to the byte as in the API of 2021. */
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
 *
 * @param models  served models, the default one first.
 */
export function fillSharedOperations({ paths, components }: OpenApiDocument, models: readonly DescribedModel[]): void {
  const payload = components.schemas.PredictPayload?.example as TextsPayload;
  const [first] = models;
  for (const item of [paths['/predictions'], paths['/runs/{run_id}/predictions']]) {
    for (const operation of [item?.post, item?.put]) if (operation) fillRows(operation, first!);
  }
  for (const operation of [paths['/predict']?.post, paths['/prediction']?.post])
    if (operation) fillTexts(operation, first!, payload);
  const textModel = models.find(({ run }) => takesTexts(run.signature.input)) ?? first!;
  const withRun = paths['/runs/{run_id}/predict']?.post;
  if (withRun) fillTexts(withRun, textModel, payload);
  fillBare(paths['/predict'] ?? {}, models);
}

function fillRows(operation: Operation, example: DescribedModel): void {
  const pairs = examplePairs(example);
  operation.requestBody!.content[JSON_TYPE]!.examples = requestExamples(pairs);
  successOf(operation).content![JSON_TYPE]!.examples = answerExamples(pairs);
  operation.responses[422] = validationResponse(example, ['body', 'inputs', 0], 'body');
}

function fillTexts(operation: Operation, described: DescribedModel, payload: TextsPayload): void {
  const { model, run } = described;
  operation.requestBody!.content[JSON_TYPE]!.example = payload;
  operation.responses[422] = validationErrors('HTTPValidationError', TEXT_PROBLEMS);
  if (takesTexts(run.signature.input)) {
    successOf(operation).content![JSON_TYPE]!.example = envelopeExample({ data: answerToTexts(described, payload) });
    return;
  }
  const warning = `The model ${model.card.name} takes no texts, so this answers 422 here.`;
  operation.description = [operation.description, warning].filter(Boolean).join('\n\n');
}

/** What the trainer saw for the texts; for its first example where it did not see them. */
function answerToTexts(described: DescribedModel, { texts }: TextsPayload): object {
  const { model, run } = described;
  const onRequest = run.decode.on_request ?? [];
  const outputs = texts.map(({ text }) => run.examples.find(({ input }) => input.text === text)?.output);
  if (outputs.includes(undefined)) return examplePairs(described)[0]!.data;
  const predictions = outputs.map((output) => withoutFields(output!, onRequest));
  return { model: model.card.name, run_id: run.run_id, predictions };
}

function fillBare(item: { get?: Operation; put?: Operation }, models: readonly DescribedModel[]): void {
  const shown = modelForRows(models);
  const primary = shown.model.best.served.codec.decoder.primaryFields;
  const output = Object.entries(shown.run.examples[0]!.output).filter(([name]) => primary.includes(name));
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
    item.get.parameters = unionOfFields(models, shown);
    Object.assign(item.get.responses, { 200: success, 422: bareErrors(shown, 'query') });
  }
  if (!item.put) return;
  item.put.requestBody = {
    required: true,
    content: {
      [JSON_TYPE]: {
        schema: { anyOf: models.map(({ names }) => schemaRef(names.input)) },
        example: shown.run.examples[0]!.input,
      },
    },
  };
  Object.assign(item.put.responses, { 200: success, 422: bareErrors(shown, 'body') });
}

function bareErrors(described: DescribedModel, source: 'query' | 'body'): ResponseObject {
  const examples = brokenRowExamples(described, [source], source, 'types-only').map(({ key, summary, problems }) => [
    key,
    { summary, value: { detail: problems } },
  ]);
  return validationErrors('HTTPValidationError', Object.fromEntries(examples) as Record<string, NamedExample>);
}

/** Every field of every model, none required; only those of the shown model are filled in. */
function unionOfFields(models: readonly DescribedModel[], shown: DescribedModel): Parameter[] {
  const uses = models.flatMap(({ model, run }) =>
    Object.entries(run.signature.input.properties).map(([name, field]) => ({ name, field, model: model.card.name })),
  );
  return [...new Set(uses.map(({ name }) => name))].map((name): Parameter => {
    const users = uses.filter((use) => use.name === name);
    const isShown = Object.hasOwn(shown.run.signature.input.properties, name);
    const example = isShown ? queryExample(shown.run, name) : undefined;
    return {
      name,
      in: 'query',
      required: false,
      description: describeField(users[0]!.field, `Field of ${users.map(({ model }) => model).join(', ')}.`)!,
      schema: looseSchema(users.map(({ field }) => field)),
      ...(example !== undefined && { example }),
    };
  });
}

/** Types only: this route checks no bounds and no enums. A text where models differ, which a query is anyway. */
function looseSchema(fields: readonly FieldSchema[]): Schema {
  const types = new Set(fields.map((field) => querySchema(field).type));
  return { type: types.size === 1 ? [...types][0] : 'string' };
}

function successOf(operation: Operation): ResponseObject {
  return operation.responses[200] as ResponseObject;
}
