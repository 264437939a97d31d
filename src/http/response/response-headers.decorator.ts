import { UseInterceptors } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Response } from 'express';
import { tap } from 'rxjs';
import type { Observable } from 'rxjs';

/**
 * Sets headers on the answer of a handler. Unlike Nest's `@Header`, only when the handler succeeds: an error keeps its
 * own type and its `no-store`.
 *
 * @param headersOf  the headers for what the handler returns.
 */
export const ResponseHeaders = <T>(headersOf: (returned: T) => Readonly<Record<string, string>>) =>
  UseInterceptors(new ResponseHeadersInterceptor(headersOf));

class ResponseHeadersInterceptor<T> implements NestInterceptor<T, T> {
  constructor(private readonly headersOf: (returned: T) => Readonly<Record<string, string>>) {}

  intercept(context: ExecutionContext, next: CallHandler<T>): Observable<T> {
    const response = context.switchToHttp().getResponse<Response>();
    const set = (returned: T) => {
      for (const [name, value] of Object.entries(this.headersOf(returned))) response.setHeader(name, value);
    };
    return next.handle().pipe(tap(set));
  }
}
