import { Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { map } from 'rxjs';
import type { Observable } from 'rxjs';

import { AppConfig } from '../../config/app-config.js';
import { stringifyJson } from '../../lib/json/json-text.js';
import { EndpointAnswer } from '../endpoint/http-endpoint.js';
import { headOf } from '../request/express-head.js';
import { requestUrl } from '../request/request-url.js';
import { NO_ENVELOPE } from './no-envelope.decorator.js';
import { envelopeWriter } from './envelope.js';

/**
 * Wraps what a handler returns as `data`, and writes it: the serializer keeps int64 digits, Express' does not. The answer
 * of an endpoint is whole already.
 */
@Injectable()
export class EnvelopeInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly config: AppConfig,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const isBare = this.reflector.get<boolean | undefined>(NO_ENVELOPE, context.getHandler()) ?? false;
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    return next.handle().pipe(
      map((data: unknown) => {
        if (response.headersSent) return undefined;
        if (data instanceof EndpointAnswer) return data;
        if (!response.getHeader('Content-Type')) response.setHeader('Content-Type', 'application/json; charset=utf-8');
        if (typeof data === 'string' || Buffer.isBuffer(data)) return data;
        const text = stringifyJson(data) ?? 'null';
        if (isBare) return text;
        const url = requestUrl(headOf(request), this.config);
        return envelopeWriter({ method: request.method, url }, response.statusCode)(text);
      }),
    );
  }
}
