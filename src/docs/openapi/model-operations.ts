import { ERROR_MESSAGES } from '../../domain/app-error.js';
import type { RowSchema } from '../../domain/signature.js';
import type { Location } from '../../domain/validation-issue.js';
import type { ModelDoc } from './model-doc.js';
import { envelopeExample } from './envelope-example.js';
import { answerExamples, brokenRowExamples, examplePairs, queryExample, requestExamples } from './model-examples.js';
import { JSON_TYPE, schemaRef } from './openapi-types.js';
import type {
  MediaType,
  NamedExample,
  Operation,
  Parameter,
  PathItem,
  ResponseObject,
  Schema,
} from './openapi-types.js';
import { MAX_QUERY_FIELDS, otherFields } from './query-fields.js';
import { describeField, inputSchema, outputSchema, partOf, querySchema } from './row-schemas.js';

/** Asks for notes about the input rows. */
const NOTES = 'notes';
/** Query parameter that asks for on-request fields and notes, unless the model has an input of that name. */
const INCLUDE = 'include';

/** The component schemas of one model, from its run's signature. */
export function modelSchemas({ model, run, names }: ModelDoc): Record<string, Schema> {
  const { signature, decode } = run;
  const onRequest = decode.on_request ?? [];
  const title = model.card.title;
  return {
    [names.input]: { title: `${title}: input row`, ...inputSchema(signature.input) },
    [names.output]: { title: `${title}: output row`, ...outputSchema(signature.output, onRequest) },
    [names.primary]: {
      title: `${title}: the prediction alone`,
      ...partOf(signature.output, model.best.loaded.codec.decoder.primaryFields),
    },
    [names.request]: requestSchema(signature.input, schemaRef(names.input), onRequest, title),
    [names.predictions]: predictionsSchema(model.card.name, run.run_id, schemaRef(names.output)),
    [names.answer]: {
      allOf: [
        schemaRef('EnvelopeHeadDto'),
        { type: 'object', required: ['data'], properties: { data: schemaRef(names.predictions) } },
      ],
    },
  };
}

/**
 * The operations of one model, made from the generic ones: same answers and errors, but its own fields, its own
 * examples and its own words.
 */
export function modelPath(doc: ModelDoc, generic: Required<Pick<PathItem, 'get' | 'post' | 'put'>>): PathItem {
  const { model, names } = doc;
  const { title, description } = model.card;
  // Made once: a row may have thousands of fields.
  const pairs = examplePairs(doc);
  const inBody = () => ({ ...generic.post, parameters: [], requestBody: requestBody(doc, pairs) });
  const bodyErrors = validationResponse(doc, ['body', 'inputs', 0], 'body');
  const fullDescription = `${description}\n\n${servingNote(doc)}`;
  return {
    post: {
      ...inBody(),
      'x-contract-hash': model.best.loaded.contract,
      operationId: names.postId,
      summary: `${title}: predict rows`,
      description: fullDescription,
      responses: { ...withoutUnknownModel(generic.post), 200: answer(doc, pairs), 422: bodyErrors },
    },
    put: {
      ...inBody(),
      'x-contract-hash': model.best.loaded.contract,
      operationId: names.putId,
      summary: `${title}: predict rows by PUT, which clients may repeat safely`,
      description: fullDescription,
      responses: { ...withoutUnknownModel(generic.put), 200: answer(doc, pairs), 422: bodyErrors },
    },
    get: {
      ...generic.get,
      'x-contract-hash': model.best.loaded.contract,
      operationId: names.getId,
      summary: `${title}: predict one row given in the query`,
      description: `${fullDescription}\n\nFor trying out: addresses are kept in histories and logs, so send people's data by POST.`,
      ...queryOf(doc),
      responses: {
        ...withoutUnknownModel(generic.get),
        200: answer(doc, pairs.slice(0, 1)),
        422: validationResponse(doc, ['query'], 'query'),
      },
    },
  };
}

function servingNote({ model: { card, best }, run }: ModelDoc): string {
  const { value } = best.registered;
  const figure = value === null ? '' : ` (${card.selection.metric} ${value.toFixed(4)})`;
  return `Served by the run \`${run.run_id}\`${figure}.`;
}

/** The address names the model: it cannot be unknown. */
function withoutUnknownModel({ responses }: Operation): Operation['responses'] {
  const { 404: _unknown, ...rest } = responses;
  return rest;
}

/** Error answers to rows that break a model's contract, in the envelope. */
export function validationResponse(doc: ModelDoc, loc: Location, source: 'body' | 'query'): ResponseObject {
  const examples = brokenRowExamples(doc, loc, source, 'strict').map(({ key, summary, issues }) => [
    key,
    { summary, value: envelopeExample({ detail: issues }, 422) },
  ]);
  return validationErrors('ValidationErrorEnvelopeDto', Object.fromEntries(examples) as Record<string, NamedExample>);
}

/** A 422 with given examples. */
export function validationErrors(schema: string, examples: Record<string, NamedExample>): ResponseObject {
  return {
    description: `\`VALIDATION_FAILED\`: ${ERROR_MESSAGES.VALIDATION_FAILED}`,
    content: {
      [JSON_TYPE]: { schema: schemaRef(schema), examples },
      'application/problem+json': { schema: schemaRef('ProblemDto') },
    },
  };
}

function requestSchema(input: RowSchema, row: Schema, onRequest: readonly string[], title: string): Schema {
  const isClosed = input.additionalProperties === false;
  return {
    title: `${title}: request`,
    description: 'Rows as `inputs`, or as `columns` with `data`.',
    type: 'object',
    properties: {
      inputs: { type: 'array', minItems: 1, items: row, description: 'Rows to predict.' },
      columns: {
        type: 'array',
        minItems: 1,
        uniqueItems: true,
        items: { type: 'string', ...(isClosed && { enum: Object.keys(input.properties) }) },
        description: 'In place of `inputs`, with `data`: the fields of the rows, in the order of their values.',
      },
      data: {
        type: 'array',
        minItems: 1,
        items: { type: 'array', items: {} },
        description: 'With `columns`: rows, each a list of one value per column.',
      },
      shape: {
        type: 'string',
        enum: ['rows', 'columns'],
        description: `\`rows\` unless given; \`columns\` writes \`predictions\` as \`${COLUMNS_ANSWER}\` in place of a list of objects.`,
      },
      include: {
        type: 'array',
        items: { type: 'string', enum: includeValues(onRequest) },
        description: 'What to add: output fields that are given on request only, or `notes` about each input row.',
      },
    },
    dependentRequired: { columns: ['data'], data: ['columns'] },
    additionalProperties: false,
  };
}

const COLUMNS_ANSWER = '{"columns": […], "data": [[…], …]}';

/** What `include` may name. */
function includeValues(onRequest: readonly string[]): string[] {
  return [...new Set([...onRequest, NOTES])];
}

function predictionsSchema(model: string, runId: string, row: Schema): Schema {
  return {
    type: 'object',
    required: ['model', 'run_id', 'predictions'],
    properties: {
      model: { type: 'string', const: model, description: 'The model.' },
      run_id: { type: 'string', description: 'The run that computed them.', examples: [runId] },
      predictions: {
        type: 'array',
        items: row,
        description: `One per input row, in the same order; \`${COLUMNS_ANSWER}\` to a request whose \`shape\` is \`columns\`.`,
      },
      notes: {
        type: 'array',
        items: schemaRef('RowNoteDto'),
        description: 'Only when `include` names `notes`: one per input row, in the same order.',
      },
    },
  };
}

function requestBody(doc: ModelDoc, pairs: ReturnType<typeof examplePairs>): Operation['requestBody'] {
  const media: MediaType = {
    schema: schemaRef(doc.names.request),
    examples: requestExamples(pairs),
  };
  return { required: true, content: { [JSON_TYPE]: media } };
}

function answer(doc: ModelDoc, pairs: ReturnType<typeof examplePairs>): ResponseObject {
  const media: MediaType = { schema: schemaRef(doc.names.answer), examples: answerExamples(pairs) };
  return { description: 'One prediction per input row, in the same order.', content: { [JSON_TYPE]: media } };
}

/** The parameters, and whether they hold too little of a row to be sent as they are. */
function queryOf(doc: ModelDoc): Pick<Operation, 'parameters' | 'x-example-shortened'> {
  const parameters = queryParameters(doc);
  const { properties } = doc.run.signature.input;
  const isWhole =
    Object.keys(properties).length <= MAX_QUERY_FIELDS &&
    parameters.every(({ required, example }) => !required || example !== undefined);
  return { parameters, ...(!isWhole && { 'x-example-shortened': true }) };
}

function queryParameters({ run, names }: ModelDoc): Parameter[] {
  const { properties } = run.signature.input;
  const required = new Set(run.signature.input.required);
  // An image is not taken from an address.
  const entries = Object.entries(properties).filter(([, { format }]) => format !== 'image');
  const fields = entries.slice(0, MAX_QUERY_FIELDS).map(([name, field]): Parameter => {
    const example = queryExample(run, name);
    const description = describeField(field, [field.type].flat()[0] === 'array' ? 'A list as JSON text.' : undefined);
    return {
      name,
      in: 'query',
      required: required.has(name),
      ...(description !== undefined && { description }),
      schema: querySchema(field),
      ...(example !== undefined && { example }),
    };
  });
  if (entries.length > fields.length) fields.push(otherFields(entries.length - fields.length, schemaRef(names.input)));
  const onRequest = run.decode.on_request ?? [];
  if (Object.hasOwn(properties, INCLUDE)) return fields;
  return [
    ...fields,
    {
      name: INCLUDE,
      in: 'query',
      required: false,
      description:
        'What to add, separated by commas: output fields that are given on request only, or `notes` about the row.',
      schema: { type: 'array', items: { type: 'string', enum: includeValues(onRequest) } },
      style: 'form',
      explode: false,
    },
  ];
}
