/** The parts of an OpenAPI 3.1 document that the documentation reads or writes. Everything else is passed through. */

/** A JSON Schema (2020-12). */
export type Schema = Record<string, unknown>;

export interface NamedExample {
  readonly summary?: string;
  readonly value: unknown;
}

export interface MediaType {
  schema?: Schema;
  example?: unknown;
  examples?: Record<string, NamedExample>;
}

interface Reference {
  $ref: string;
}

export interface ResponseObject {
  description: string;
  headers?: Record<string, object>;
  content?: Record<string, MediaType>;
}

/** What a parameter's example may be: an address holds nothing else. */
export type ParameterValue = string | number | bigint | boolean;

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  description?: string;
  schema?: Schema;
  example?: ParameterValue;
  style?: string;
  explode?: boolean;
}

export interface Operation {
  /** Hash of the contract that the model's rows keep. */
  'x-contract-hash'?: string;
  /** Set when the body shown is too long to be shown whole, so that sending it is answered 422. */
  'x-example-shortened'?: true;
  /** No request would be answered by the models that are there. */
  'x-example-left-out'?: true;
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  security?: Readonly<Record<string, readonly string[]>>[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, MediaType> };
  responses: Record<string, ResponseObject | Reference>;
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;
type Method = (typeof METHODS)[number];

export type PathItem = Partial<Record<Method, Operation>>;

export interface OpenApiDocument {
  openapi: string;
  info: Record<string, unknown>;
  servers: readonly { readonly url: string; readonly description?: string }[];
  security: readonly Record<string, readonly string[]>[];
  tags: readonly { readonly name: string; readonly description?: string }[];
  paths: Record<string, PathItem>;
  components: {
    schemas: Record<string, Schema>;
    responses?: Record<string, ResponseObject>;
    headers?: Record<string, object>;
    securitySchemes?: Record<string, object>;
  };
}

/** An operation with its path and method. */
export interface OperationEntry {
  readonly path: string;
  readonly method: Method;
  readonly operation: Operation;
}

/** Every operation of a document, in its order. */
export function operationsOf(document: OpenApiDocument): OperationEntry[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => (item[method] ? [{ path, method, operation: item[method] }] : [])),
  );
}

/** A reference to a component schema. */
export function schemaRef(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

export const JSON_TYPE = 'application/json';
