import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

import { AppConfig } from '../../config/app-config.js';
import { AppError } from '../../domain/app-error.js';
import { isSignedBy } from './mlflow-signature.js';

/** Allows deliveries that MLflow has signed with the configured secret. */
@Injectable()
export class MlflowWebhookGuard implements CanActivate {
  constructor(private readonly config: AppConfig) {}

  /** @throws AppError WEBHOOK_SECRET_NOT_SET, WEBHOOK_SIGNATURE_WRONG. */
  canActivate(context: ExecutionContext): boolean {
    const secret = this.config.mlflowWebhookSecret;
    if (secret === undefined) throw new AppError('WEBHOOK_SECRET_NOT_SET');
    const request = context.switchToHttp().getRequest<Request>();
    const message = {
      id: request.get('X-MLflow-Delivery-Id'),
      timestamp: request.get('X-MLflow-Timestamp'),
      signature: request.get('X-MLflow-Signature'),
      body: request.rawBody ?? Buffer.alloc(0),
    };
    if (!isSignedBy(secret, message, Date.now())) throw new AppError('WEBHOOK_SIGNATURE_WRONG');
    return true;
  }
}
