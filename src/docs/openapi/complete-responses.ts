import { STATUS_CODES } from 'node:http';

import { CONTRACT_HEADER, CONTRACT_MATCH_HEADER } from '../../http/request/contract-header.js';
import { TIMEOUT_HEADER } from '../../http/request/timeout-header.js';
import { AppError, ERROR_MESSAGES } from '../../domain/app-error.js';
import type { ErrorCode, ErrorDetails } from '../../domain/app-error.js';
import { envelopeExample, isEnvelope } from './envelope-example.js';
import { JSON_TYPE, operationsOf, schemaRef } from './openapi-types.js';
import type {
  OperationEntry,
  MediaType,
  NamedExample,
  OpenApiDocument,
  Operation,
  Parameter,
  ResponseObject,
} from './openapi-types.js';
import { sampleOf } from './sample-of.js';
import { SharedResponses } from './shared-responses.js';
import { isShortExample, shortExample } from '../../lib/json/short-example.js';

const PROBLEM_TYPE = 'application/problem+json';

const REQUEST_ID = { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } };

const TIMEOUT_PARAMETER: Parameter = {
  name: TIMEOUT_HEADER,
  in: 'header',
  required: false,
  description:
    'Milliseconds the client is willing to wait; then 504, and nothing is computed any more. The server has a limit of its own.',
  schema: { type: 'integer', minimum: 1, maximum: 999_999_999 },
};

const CONTRACT_PARAMETER: Parameter = {
  name: CONTRACT_MATCH_HEADER,
  in: 'header',
  required: false,
  description:
    'Hash of the contract the client was written for, as `Contract-Hash` told it; when the run that would answer keeps ' +
    'another, the answer is 412. Several hashes are separated by commas.',
  schema: { type: 'string', pattern: '^"?[0-9a-f]{16}"?( *, *"?[0-9a-f]{16}"?)*$' },
};

/** Operations whose answers are pages. */
const PAGED: ReadonlySet<string | undefined> = new Set(['listRuns', 'listModelRuns', 'getModelSelection']);

/**
 * What is the same everywhere: errors any route may answer, headers, an example for each answer, none of them long.
 * Pauses after each operation.
 */
export function* completeResponses(document: OpenApiDocument): Generator<void, void> {
  const { components } = document;
  components.headers = {
    RequestId: { description: 'Identifies the request in the logs.', schema: { type: 'string' }, example: 'a1b2c3' },
    Link: {
      description: 'Addresses of the first, previous, next and last page (RFC 8288).',
      schema: { type: 'string' },
      example: '<http://localhost:5000/runs?limit=100&offset=0>; rel="first"',
    },
    RetryAfter: {
      description: 'Seconds to wait, when too many predictions are waiting.',
      schema: { type: 'integer' },
      example: 1,
    },
    ContractHash: {
      description:
        'Hash of the contract that the run which answered keeps; it changes when fields, types or ranges do. Send it ' +
        'back in `If-Contract-Match` to be answered under this contract only.',
      schema: { type: 'string', pattern: '^[0-9a-f]{16}$' },
      example: '0123456789abcdef',
    },
    ServerTiming: {
      description:
        'Where the time went, milliseconds (W3C Server Timing): `parse`, `validate`, `queue`, `infer`, `serialise`; ' +
        '`batch` says how many rows shared the call of the model.',
      schema: { type: 'string' },
      example: 'parse;dur=0.02, validate;dur=0.01, queue;dur=0.05, batch;desc="8", infer;dur=0.21, serialise;dur=0.02',
    },
  };
  components.responses = {
    BadAddress: errorResponse(400, 'BAD_URL'),
    NotAcceptable: errorResponse(406, 'NOT_ACCEPTABLE'),
    InternalError: errorResponse(500, 'INTERNAL_ERROR'),
  };
  const shared = new SharedResponses(components);
  for (const entry of operationsOf(document)) {
    completeOperation(entry, document, shared);
    yield;
  }
}

function completeOperation(entry: OperationEntry, { components }: OpenApiDocument, shared: SharedResponses): void {
  const { operation } = entry;
  addCommonErrors(entry);
  shortenRequest(operation);
  for (const [status, response] of Object.entries(operation.responses)) {
    if ('$ref' in response) continue;
    response.headers = { ...REQUEST_ID, ...headersOf(entry, status, response), ...response.headers };
    for (const [type, media] of Object.entries(response.content ?? {})) {
      if (type === PROBLEM_TYPE) continue;
      if (media.example === undefined && media.examples === undefined)
        media.example = sampleOf(media.schema ?? {}, components.schemas);
    }
    // What is wrong with a row is told in each model's own words.
    if (isSharedStatus(status))
      operation.responses[status] = shared.share(response, status, (first) => placeExamples(first, status, entry));
    else placeExamples(response, status, entry);
  }
  // A query is for trying out, and holds the fields of a row alone.
  if (isPrediction(entry) && entry.method !== 'get')
    operation.parameters = [...(operation.parameters ?? []), TIMEOUT_PARAMETER, CONTRACT_PARAMETER];
}

function isSharedStatus(status: string): boolean {
  return Number(status) >= 400 && status !== '422';
}

function placeExamples(response: ResponseObject, status: string, entry: OperationEntry): void {
  for (const [type, media] of Object.entries(response.content ?? {})) {
    if (type !== PROBLEM_TYPE) insertExamples(media, entry);
  }
  addProblemExamples(response, Number(status));
}

function isPrediction({ operation: { tags } }: OperationEntry): boolean {
  return tags?.includes('Prediction') ?? false;
}

function addCommonErrors({ path, operation }: OperationEntry): void {
  const { responses, parameters = [] } = operation;
  const isPage = path === '/docs' || path === '/redoc';
  if (!isPage) responses[406] ??= { $ref: '#/components/responses/NotAcceptable' };
  responses[500] ??= { $ref: '#/components/responses/InternalError' };
  // A percent sign that encodes nothing can only be in a parameter.
  if (parameters.length === 0 && !isPage) return;
  const known = responses[400];
  if (!known) responses[400] = { $ref: '#/components/responses/BadAddress' };
  else if ('content' in known) addExample(known, 'BAD_URL');
}

function addExample(response: ResponseObject, code: ErrorCode): void {
  const { message } = new AppError(code);
  const media = response.content![JSON_TYPE]!;
  response.description += `, \`${code}\``;
  media.examples = {
    ...media.examples,
    [code]: { summary: code, value: envelopeExample({ detail: message }, 400, message) },
  };
}

function errorResponse(status: number, code: ErrorCode, details: ErrorDetails = {}): ResponseObject {
  const { message } = new AppError(code, details);
  const value = envelopeExample({ detail: message }, status, message);
  const response: ResponseObject = {
    description: `\`${code}\`: ${message}`,
    headers: REQUEST_ID,
    content: {
      [JSON_TYPE]: { schema: schemaRef('ErrorEnvelopeDto'), examples: { [code]: { summary: code, value } } },
      [PROBLEM_TYPE]: { schema: schemaRef('ProblemDto') },
    },
  };
  addProblemExamples(response, status);
  return response;
}

/** The same errors as RFC 9457 problem details. */
function addProblemExamples({ content }: ResponseObject, status: number): void {
  const issues = content?.[PROBLEM_TYPE];
  const { examples, example } = content?.[JSON_TYPE] ?? {};
  if (!issues) return;
  const named = examples ?? { [String(status)]: { value: example } };
  issues.examples = Object.fromEntries(
    Object.entries(named).map(([key, { value, ...rest }]) => [key, { ...rest, value: toProblem(key, status, value) }]),
  );
}

function toProblem(key: string, status: number, value: unknown): object {
  const { detail, url = 'http://localhost:5000/' } = value as { detail: unknown; url?: string };
  const code = key in ERROR_MESSAGES ? key : 'VALIDATION_FAILED';
  return {
    type: `urn:bestrun:error:${code}`,
    title: STATUS_CODES[status],
    status,
    detail: Array.isArray(detail) ? ERROR_MESSAGES.VALIDATION_FAILED : detail,
    instance: url,
    code,
    request_id: 'a1b2c3',
    ...(Array.isArray(detail) && { errors: detail }),
  };
}

function headersOf(entry: OperationEntry, status: string, { description }: ResponseObject): Record<string, object> {
  const { operation } = entry;
  const contract = { [CONTRACT_HEADER]: { $ref: '#/components/headers/ContractHash' } };
  if (isPrediction(entry) && status === '200')
    return { ...contract, 'Server-Timing': { $ref: '#/components/headers/ServerTiming' } };
  if (isPrediction(entry) && status === '412') return contract;
  if (operation.operationId === 'getModelSchema' && status === '200') return contract;
  if (PAGED.has(operation.operationId) && status === '200') return { Link: { $ref: '#/components/headers/Link' } };
  return /QUEUE_FULL|BODIES_IN_FLIGHT/.test(description)
    ? { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } }
    : {};
}

/** Shows no long body. One that was shortened works no more, which the operation says to whoever would send it. */
function shortenRequest(operation: Operation): void {
  for (const media of Object.values(operation.requestBody?.content ?? {})) {
    const bodies = [media.example, ...Object.values(media.examples ?? {}).map(({ value }) => value)];
    if (bodies.every(isShortExample)) continue;
    operation['x-example-shortened'] = true;
    mapExamples(media, shortExample);
  }
}

/** Puts method and address into examples, which are written without knowing where they are used. */
function insertExamples(media: MediaType, entry: OperationEntry): void {
  mapExamples(media, (value) => placed(shortExample(value), entry));
}

function mapExamples(media: MediaType, change: (value: unknown) => unknown): void {
  if (media.example !== undefined) media.example = change(media.example);
  if (!media.examples) return;
  const entries = Object.entries(media.examples).map(([key, named]): [string, NamedExample] => {
    const isShort = isShortExample(named.value);
    const summary = isShort || !named.summary ? named.summary : `${named.summary} (shortened)`;
    return [key, { ...named, ...(summary !== undefined && { summary }), value: change(named.value) }];
  });
  media.examples = Object.fromEntries(entries);
}

function placed(value: unknown, { path, method, operation }: OperationEntry): unknown {
  if (!isEnvelope(value)) return value;
  const address = path.replace(/\{([^}]+)\}/g, (match, name: string) => {
    const example = operation.parameters?.find(
      (parameter) => parameter.in === 'path' && parameter.name === name,
    )?.example;
    return example === undefined ? match : encodeURIComponent(String(example));
  });
  return { ...value, method: method.toUpperCase(), url: `http://localhost:5000${address}` };
}
