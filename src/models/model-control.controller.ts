import { Body, Controller, Delete, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';

import { AdminOnly } from '../http/auth/admin-only.decorator.js';
import { ApiEnvelope } from '../http/openapi/api-envelope.decorator.js';
import { ApiErrors } from '../http/openapi/api-errors.decorator.js';
import type { ErrorExample } from '../http/openapi/api-errors.decorator.js';
import {
  PinRequestDto,
  RefreshDto,
  RefreshRequestDto,
  RollbackRequestDto,
  ServedDto,
  UnpinQueryDto,
} from './dto/control.dto.js';
import { ModelControlService } from './model-control.service.js';

const ADMIN: readonly ErrorExample[] = ['ADMIN_KEY_WRONG', 'ADMIN_KEY_NOT_SET'];
const BODY: readonly ErrorExample[] = ['VALIDATION_FAILED', 'BODY_NOT_READABLE'];
const UNKNOWN_MODEL = ['MODEL_NOT_FOUND', { model: 'nope', known: 'titanic-survival' }] as const;
const PIN_ERRORS = [
  'PIN_REFUSED',
  { runId: 'titanic-rule-baseline-001', reason: 'LOAD_FAILED: the artifact is damaged.' },
] as const;
const FOREIGN_RUN = [
  'RUN_NOT_OF_MODEL',
  { model: 'titanic-survival', runId: 'tags-linear-001', reason: 'it belongs to the model "project-tags".' },
] as const;
const ModelParam = () => ApiParam({ name: 'model', description: 'Name of the model.' });

/** What operators decide: when the store is read, and which run serves whatever the policy says. */
@ApiTags('Operation')
@AdminOnly()
@Controller('models')
export class ModelControlController {
  constructor(private readonly control: ModelControlService) {}

  @Post('refresh')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'refreshModels',
    summary: 'Poll the store now',
    description:
      'Answers when better runs have taken over. It is polled every `REFRESH_INTERVAL_MS` anyway. ' +
      'When MLflow cannot be read, `sources` says why, and what was read last is served.',
  })
  @ApiBody({ type: RefreshRequestDto, required: false })
  @ApiEnvelope(RefreshDto, 'What serves now, and what did before.')
  @ApiErrors(...ADMIN, ...BODY, ['RUN_NOT_FOUND', { runId: 'nope' }], 'STORE_NOT_READABLE')
  refresh(@Body() request: RefreshRequestDto): Promise<RefreshDto> {
    return this.control.refresh(request);
  }

  @Put(':model/pin')
  @ModelParam()
  @ApiOperation({
    operationId: 'pinRun',
    summary: 'Serve a model with one run, regardless of policy and contract',
    description: 'The run must load and repeat its examples, or nothing changes. All replicas over the store follow.',
  })
  @ApiEnvelope(ServedDto, 'What serves now.')
  @ApiErrors(...ADMIN, ...BODY, UNKNOWN_MODEL, ['RUN_NOT_FOUND', { runId: 'nope' }], FOREIGN_RUN, PIN_ERRORS)
  pin(@Param('model') name: string, @Body() request: PinRequestDto): Promise<ServedDto> {
    return this.control.pin(name, request);
  }

  @Delete(':model/pin')
  @ModelParam()
  @ApiOperation({ operationId: 'unpinRun', summary: 'Remove the pin: the policy chooses the run again' })
  @ApiEnvelope(ServedDto, 'What serves now.')
  @ApiErrors(...ADMIN, 'VALIDATION_FAILED', UNKNOWN_MODEL)
  unpin(@Param('model') name: string, @Query() { by }: UnpinQueryDto): Promise<ServedDto> {
    return this.control.unpin(name, by);
  }

  @Post(':model/rollback')
  @HttpCode(200)
  @ModelParam()
  @ApiOperation({
    operationId: 'rollBackModel',
    summary: 'Pin the run that served before the present one',
    description: '`DELETE` the pin to let the policy choose again.',
  })
  @ApiBody({ type: RollbackRequestDto, required: false })
  @ApiEnvelope(ServedDto, 'What serves now.')
  @ApiErrors(...ADMIN, ...BODY, UNKNOWN_MODEL, ['NO_PREVIOUS_RUN', { model: 'titanic-survival' }], PIN_ERRORS)
  rollBack(@Param('model') name: string, @Body() request: RollbackRequestDto): Promise<ServedDto> {
    return this.control.rollBack(name, request);
  }
}
