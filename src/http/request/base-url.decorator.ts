import { Injectable, createParamDecorator } from '@nestjs/common';
import type { ExecutionContext, PipeTransform } from '@nestjs/common';
import type { Request } from 'express';

import { AppConfig } from '../../config/app-config.js';
import { headOf } from './express-head.js';
import type { RequestHead } from './request-head.js';
import { baseUrl } from './request-url.js';

/** From the head of a request to the address its client uses. */
@Injectable()
class BaseUrlPipe implements PipeTransform<RequestHead, string> {
  constructor(private readonly config: AppConfig) {}

  transform(head: RequestHead): string {
    return baseUrl(head, this.config);
  }
}

const HeadParam = createParamDecorator((_data: unknown, context: ExecutionContext) =>
  headOf(context.switchToHttp().getRequest<Request>()),
);

/** Gives a handler scheme and host of the server as the client sees it, without a slash at the end. */
export const BaseUrl = () => HeadParam(BaseUrlPipe);
