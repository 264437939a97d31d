import { JSON_TYPE, operationsOf } from '../openapi/openapi-types.js';
import type { OperationEntry, MediaType, OpenApiDocument, Operation, Parameter } from '../openapi/openapi-types.js';
import { testScript } from './test-script.js';
import type { PostmanCollection, PostmanFolder, PostmanItem, PostmanPair, PostmanRequest } from './postman-types.js';

const SCHEMA = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';

/**
 * Turns the converter's collection into one that runs as it stands: folders in the document's order, values that exist
 * in this store, a test per request, and nothing random, so that the same document always gives the same collection.
 */
export function finishCollection(collection: PostmanCollection, document: OpenApiDocument): PostmanCollection {
  const operations = new Map(operationsOf(document).map((entry) => [keyOf(entry.method, entry.path), entry]));
  const groups = new Map(collection.item.map((folder) => [folder.name, folder]));
  const item = document.tags.flatMap(({ name, description = '' }): PostmanFolder[] => {
    const folder = groups.get(name);
    if (!folder) return [];
    return [{ name, description, item: folder.item.map((item) => finishItem(item, operations, document)) }];
  });
  const { title, description } = document.info;
  return { info: { name: title, description, schema: SCHEMA }, item };
}

function finishItem(
  item: PostmanItem,
  operations: ReadonlyMap<string, OperationEntry>,
  document: OpenApiDocument,
): PostmanItem {
  const entry = operations.get(keyOf(item.request.method, pathOf(item.request)));
  if (!entry)
    throw new Error(`The converter made a request of its own: ${item.request.method} ${pathOf(item.request)}`);
  const request = finishRequest(item.request, entry.operation);
  return {
    name: item.name,
    event: [{ listen: 'test', script: { type: 'text/javascript', exec: testScript(entry.operation, document) } }],
    request,
    response: item.response.map(({ id: _random, originalRequest, ...response }) => ({
      ...response,
      ...(originalRequest && {
        originalRequest: {
          ...originalRequest,
          url: request.url,
          ...(request.header && { header: request.header }),
          ...(request.body && { body: request.body }),
        },
      }),
    })),
  };
}

function finishRequest({ body: _made, ...request }: PostmanRequest, operation: Operation): PostmanRequest {
  const { parameters = [] } = operation;
  const url = {
    ...request.url,
    query: pairs(parameters, 'query').map((pair) => ({ ...pair, key: encodeURIComponent(pair.key) })),
    variable: pairs(parameters, 'path'),
  };
  const own = pairs(parameters, 'header');
  const header = request.header?.map((made) => own.find(({ key }) => key === made.key) ?? made);
  const content = operation.requestBody?.content[JSON_TYPE];
  const raw = content && JSON.stringify(exampleOf(content), null, 2);
  return {
    ...request,
    description: operation.description ?? '',
    url,
    ...(header && { header }),
    ...(raw !== undefined && { body: { mode: 'raw', raw, options: { raw: { language: 'json' } } } }),
  };
}

/**
 * Parameters as the reader finds them: those with an example are filled in, the others are off. Values are encoded here,
 * because Postman leaves a slash or an ampersand as it is.
 */
function pairs(parameters: readonly Parameter[], location: Parameter['in']): PostmanPair[] {
  return parameters
    .filter((parameter) => parameter.in === location)
    .map(({ name, description, example }) => ({
      key: name,
      value: example === undefined ? '' : encodeURIComponent(String(example)),
      ...(description !== undefined && { description }),
      ...(example === undefined && { disabled: true }),
    }));
}

function exampleOf({ example, examples }: MediaType): unknown {
  return example ?? Object.values(examples ?? {})[0]?.value;
}

function pathOf({ url }: PostmanRequest): string {
  return `/${url.path.join('/')}`;
}

/** The converter writes `:name` for `{name}`. */
function keyOf(method: string, path: string): string {
  return `${method.toUpperCase()} ${path.replace(/\{([^}]+)\}/g, ':$1')}`;
}
