import { Catch, Logger } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';

import { AppConfig } from '../../config/app-config.js';
import { answerError } from './error-answer.js';
import { HTTP_STATUS_OF } from './http-status-of.js';
import { toAppError } from './to-app-error.js';

/**
 * Turns anything thrown into one error answer. Errors of the server are logged once, with their cause; bad input is
 * not.
 */
@Catch()
export class AppExceptionFilter implements ExceptionFilter {
  private readonly logger = new Logger('Errors');

  constructor(private readonly config: AppConfig) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    // The client has gone; the aborted work is no error.
    if (response.headersSent || request.socket.destroyed) return;
    const error = toAppError(thrown, request);
    if (HTTP_STATUS_OF[error.code] >= 500) {
      this.logger.error({ request_id: request.requestId, code: error.code, err: error.cause ?? error }, error.message);
    }
    answerError(error, request, response, this.config.publicUrl);
  }
}
