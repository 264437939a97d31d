import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';

import { EnvelopeInterceptor } from './envelope/envelope.interceptor.js';
import { AppExceptionFilter } from './errors/app-exception.filter.js';
import { AcceptGuard } from './request/accept.guard.js';
import { RequestScopeInterceptor } from './request/request-scope.interceptor.js';
import { PydanticV1ValidationPipe } from './validation/pydantic-v1-validation.pipe.js';

/**
 * What every route of the general path goes through: the check of Accept, the scope of log lines, the validation pipe, the envelope, the
 * error filter.
 *
 * A testing module that imports it beside the module under test answers as the server does.
 */
@Module({
  providers: [
    { provide: APP_GUARD, useClass: AcceptGuard },
    { provide: APP_PIPE, useClass: PydanticV1ValidationPipe },
    { provide: APP_INTERCEPTOR, useClass: RequestScopeInterceptor },
    { provide: APP_INTERCEPTOR, useClass: EnvelopeInterceptor },
    { provide: APP_FILTER, useClass: AppExceptionFilter },
  ],
})
export class HttpModule {}
