import { Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { map } from 'rxjs';
import type { Observable } from 'rxjs';

import { AppConfig } from '../../config/app-config.js';
import { stringifyJson } from '../../lib/json-text.js';
import { serverTiming } from '../response/server-timing.js';
import { NO_ENVELOPE } from './no-envelope.decorator.js';
import { envelopeHead } from './envelope.js';

/** Wraps what a handler returns as `data`, and writes it: the serialiser keeps int64 digits, Express' does not. */
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
        if (!response.getHeader('Content-Type')) response.setHeader('Content-Type', 'application/json; charset=utf-8');
        if (typeof data === 'string' || Buffer.isBuffer(data)) return data;
        const head = isBare ? undefined : envelopeHead(request, response.statusCode, this.config.publicUrl);
        return written(head ? { ...head, data } : data, request, response);
      }),
    );
  }
}

/** The answer as JSON; one of a prediction says where its time went. */
function written(answer: unknown, { timing }: Request, response: Response): string {
  const start = performance.now();
  const text = stringifyJson(answer);
  if (timing) {
    timing.serializeMs += performance.now() - start;
    timing.finish();
    response.setHeader('Server-Timing', serverTiming(timing));
  }
  return text;
}
