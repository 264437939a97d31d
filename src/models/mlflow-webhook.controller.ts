import { Controller, Headers, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';

import { MlflowWebhookGuard } from '../http/auth/mlflow-webhook.guard.js';
import { ApiEnvelope } from '../http/openapi/api-envelope.decorator.js';
import { ApiErrors } from '../http/openapi/api-errors.decorator.js';
import { HintDto } from './dto/control.dto.js';
import { ModelControlService } from './model-control.service.js';

/** Receives MLflow's webhooks (docs/mlflow.md). */
@ApiTags('Operation')
@UseGuards(MlflowWebhookGuard)
@Controller('webhooks')
export class MlflowWebhookController {
  constructor(private readonly control: ModelControlService) {}

  /** The change is not read from the webhook: the store itself is polled. MLflow does not wait for that. */
  @Post('mlflow')
  @HttpCode(200)
  @ApiHeader({
    name: 'X-MLflow-Signature',
    required: false,
    description: '`v1,` and base64 of HMAC-SHA256 over id, timestamp and body.',
  })
  @ApiHeader({
    name: 'X-MLflow-Delivery-Id',
    required: false,
    description: 'Id of the delivery; part of what is signed.',
  })
  @ApiHeader({
    name: 'X-MLflow-Timestamp',
    required: false,
    description: 'Seconds since 1970; part of what is signed.',
  })
  @ApiOperation({
    operationId: 'receiveMlflowWebhook',
    summary: 'Accept an MLflow webhook and poll the store soon',
    description: 'For MLflow, which signs what it sends with the secret of `MLFLOW_WEBHOOK_SECRET`.',
    // No API key: the signature authenticates the request.
    security: [{}],
  })
  @ApiEnvelope(HintDto, 'The store will be polled.')
  @ApiErrors('WEBHOOK_SIGNATURE_WRONG', 'WEBHOOK_SECRET_NOT_SET', 'BODY_NOT_READABLE')
  receive(@Headers('X-MLflow-Delivery-Id') deliveryId: string): HintDto {
    return this.control.acceptDelivery(deliveryId);
  }
}
