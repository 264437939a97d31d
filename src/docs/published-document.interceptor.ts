import { Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Response } from 'express';
import { map } from 'rxjs';
import type { Observable } from 'rxjs';

import type { DocumentText } from './published-document.js';

/**
 * Sends the text of the document that a handler returns, with its ETag. Clients may keep it, but must ask whether it is
 * still the same: Express answers 304 by the ETag.
 */
@Injectable()
export class PublishedDocumentInterceptor implements NestInterceptor<DocumentText, string> {
  intercept(context: ExecutionContext, next: CallHandler<DocumentText>): Observable<string> {
    const response = context.switchToHttp().getResponse<Response>();
    return next.handle().pipe(
      map(({ text, etag }) => {
        response.setHeader('ETag', etag);
        response.setHeader('Cache-Control', 'no-cache');
        return text;
      }),
    );
  }
}
