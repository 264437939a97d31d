import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';

import type { RequestExchange } from '../../http/endpoint/http-endpoint.js';
import { exchangeOf } from '../../http/endpoint/express-exchange.js';
import { headOf } from '../../http/request/express-head.js';
import type { RequestHead } from '../../http/request/request-head.js';
import { routeOf } from './prediction-route.js';
import type { PredictionRoute } from './prediction-route.js';

/** A request that Nest routed to a handler of the endpoint. */
export interface PredictionRequest {
  readonly route: PredictionRoute;
  readonly params: Readonly<Record<string, string>>;
  readonly head: RequestHead;
  readonly exchange: RequestExchange;
}

/** Gives a handler with `@PredictionRoute` its request as the endpoint takes it. */
export const EndpointRequest = createParamDecorator((_data: unknown, context: ExecutionContext): PredictionRequest => {
  const request = context.switchToHttp().getRequest<Request>();
  const response = context.switchToHttp().getResponse<Response>();
  return {
    route: routeOf(context.getHandler())!,
    params: request.params as Record<string, string>,
    head: headOf(request),
    exchange: exchangeOf(request, response),
  };
});
