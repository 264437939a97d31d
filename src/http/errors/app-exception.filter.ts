import { Catch, Logger } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { Express, Request, Response } from 'express';

import { AppConfig } from '../../config/app-config.js';
import { writeAnswer } from '../endpoint/write-answer.js';
import { clientFacts } from '../request/client-facts.js';
import { headOf } from '../request/express-head.js';
import { requestUrl } from '../request/request-url.js';
import { allowedMethods } from '../server/allowed-methods.js';
import { errorAnswer } from './error-answer.js';
import { logRefusedKey } from './log-refused-key.js';
import { logServerError } from './log-server-error.js';
import { toRequestError } from './route-error.js';

/**
 * Turns anything thrown outside an endpoint into one error answer. Errors of the server are logged once, with their
 * cause; bad input is not.
 */
@Catch()
export class AppExceptionFilter implements ExceptionFilter {
  private readonly logger = new Logger(AppExceptionFilter.name);

  constructor(private readonly config: AppConfig) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    // The client has gone; the aborted work is no error.
    if (response.headersSent || request.socket.destroyed) return;
    const error = toRequestError(thrown, request);
    const { method, requestId, headers } = request;
    const head = headOf(request);
    logServerError(this.logger, error, requestId);
    logRefusedKey(this.logger, error, clientFacts(head, this.config).address);
    if (error.code === 'METHOD_NOT_ALLOWED') {
      response.setHeader('Allow', allowedMethods(request.app as Express, request.path).join(', '));
    }
    const url = requestUrl(head, this.config);
    writeAnswer(response, errorAnswer(error, { method, url, requestId, accept: headers.accept }));
  }
}
