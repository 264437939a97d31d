import { Injectable, SetMetadata } from '@nestjs/common';
import type { CanActivate, CustomDecorator, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';

import { AppError } from '../../domain/app-error.js';
import { acceptsJson } from './accept-header.js';

const CHECKS_ACCEPT = 'bestrun:checks-accept';

/** The handlers answer something else than JSON, or look at the Accept header themselves. */
export const ChecksAccept = (): CustomDecorator => SetMetadata(CHECKS_ACCEPT, true);

/** Refuses clients that cannot take JSON, instead of sending it anyway. A missing Accept takes anything. */
@Injectable()
export class AcceptGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  /** @throws AppError NOT_ACCEPTABLE. */
  canActivate(context: ExecutionContext): boolean {
    const places = [context.getHandler(), context.getClass()];
    const { accept } = context.switchToHttp().getRequest<Request>().headers;
    if (this.reflector.getAllAndOverride<boolean>(CHECKS_ACCEPT, places) || acceptsJson(accept)) return true;
    throw new AppError('NOT_ACCEPTABLE');
  }
}
