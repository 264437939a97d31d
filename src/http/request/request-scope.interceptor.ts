import { Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Request } from 'express';
import { Observable, finalize } from 'rxjs';

import { runForRequest } from '../../logging/request-scope.js';

/**
 * Lets every line that services log for a request carry its id, from the handler's start to its end: also when the
 * client has gone meanwhile, and no longer. The fast path has no scope: error lines of endpoints name the id themselves.
 */
@Injectable()
export class RequestScopeInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { requestId } = context.switchToHttp().getRequest<Request>();
    return new Observable((subscriber) =>
      runForRequest(requestId, (end) => next.handle().pipe(finalize(end)).subscribe(subscriber)),
    );
  }
}
