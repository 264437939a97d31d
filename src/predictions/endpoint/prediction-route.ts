import { Get, HttpCode, Post, Put, SetMetadata, applyDecorators } from '@nestjs/common';

import { ChecksAccept } from '../../http/request/accept.guard.js';

/** What a route of the endpoint takes and gives; transports find routes by method and path. */
export interface PredictionRoute {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Segments joined by slashes; those that begin with a colon are parameters. */
  readonly path: string;
  /** Who predicts: what the path names, what the body names, the default model, or the model the row's fields fit. */
  readonly target: 'model' | 'run' | 'named' | 'default' | 'fields';
  /** Where rows are: in the body's `inputs` or `texts`, the body itself, or the query. */
  readonly rows: 'inputs' | 'texts' | 'body' | 'query';
  /** Whether the answer is the one output row without an envelope. */
  readonly isBare?: boolean;
  /** Whether validation errors are `{"detail": […]}` alone (docs/decisions/0003). */
  readonly hasBareErrors?: boolean;
}

const METADATA = 'bestrun:prediction-route';
const METHODS = { GET: Get, POST: Post, PUT: Put };

/** Makes a handler a route of Nest and of the endpoint: paths and methods are written here and nowhere else. */
export const PredictionRoute = (
  method: PredictionRoute['method'],
  path: string,
  options: Omit<PredictionRoute, 'method' | 'path'>,
): MethodDecorator =>
  applyDecorators(
    METHODS[method](path),
    HttpCode(200),
    ChecksAccept(),
    SetMetadata(METADATA, { method, path, ...options }),
  );

/** The route that a handler was given; undefined for other handlers. */
export function routeOf(handler: object): PredictionRoute | undefined {
  return Reflect.getMetadata(METADATA, handler) as PredictionRoute | undefined;
}

/** All routes that the handlers of controllers were given. */
export function routesOf(...controllers: readonly Function[]): PredictionRoute[] {
  return controllers.flatMap(({ prototype }) => {
    const members = Object.values(Object.getOwnPropertyDescriptors(prototype as object));
    return members.flatMap(({ value }) => (typeof value === 'function' ? (routeOf(value as object) ?? []) : []));
  });
}
