import { Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Request, Response } from 'express';
import { map } from 'rxjs';
import type { Observable } from 'rxjs';

import { AppConfig } from '../../config/app-config.js';
import { headOf } from '../request/express-head.js';
import { requestUrl } from '../request/request-url.js';
import { pageLinks } from './page-links.js';
import type { Page } from './page.js';

/** Sends the content of the page that a handler returns, and its `Link` header. */
@Injectable()
export class PageLinksInterceptor implements NestInterceptor<Page<unknown>, unknown> {
  constructor(private readonly config: AppConfig) {}

  intercept(context: ExecutionContext, next: CallHandler<Page<unknown>>): Observable<unknown> {
    const http = context.switchToHttp();
    return next.handle().pipe(
      map(({ content, bounds }) => {
        const links = pageLinks(requestUrl(headOf(http.getRequest<Request>()), this.config), bounds);
        if (links !== undefined) http.getResponse<Response>().setHeader('Link', links);
        return content;
      }),
    );
  }
}
