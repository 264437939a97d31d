import { createHash, timingSafeEqual } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

import { AppConfig } from '../../config/app-config.js';
import { AppError } from '../../domain/app-error.js';

/** Header that carries the operator's key. */
const ADMIN_KEY_HEADER = 'X-API-Key';

/** Requires the admin key; rejects every request when none is set. The key is never logged. */
@Injectable()
export class AdminKeyGuard implements CanActivate {
  constructor(private readonly config: AppConfig) {}

  /** @throws AppError ADMIN_KEY_NOT_SET, ADMIN_KEY_WRONG. */
  canActivate(context: ExecutionContext): boolean {
    const { adminApiKey } = this.config;
    if (adminApiKey === undefined) throw new AppError('ADMIN_KEY_NOT_SET');
    const given = context.switchToHttp().getRequest<Request>().get(ADMIN_KEY_HEADER);
    if (given === undefined || !isSame(given, adminApiKey)) throw new AppError('ADMIN_KEY_WRONG');
    return true;
  }
}

/** Compares in constant time: digests have one length, and are compared whole. */
function isSame(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(a!, b!);
}
