import { Body, Controller, Delete, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';

import { AdminOnly } from '../http/auth/admin-only.decorator.js';
import { toSourceReadingDto } from '../http/dto/source-reading.dto.js';
import { ApiEnvelope } from '../http/openapi/api-envelope.decorator.js';
import { ApiErrors } from '../http/openapi/api-errors.decorator.js';
import type { ErrorExample } from '../http/openapi/api-errors.decorator.js';
import { PinService } from '../registry/pin.service.js';
import { RefreshService } from '../registry/refresh/refresh.service.js';
import {
  NO_REASON,
  PinRequestDto,
  RefreshDto,
  RollbackRequestDto,
  ServedDto,
  UnpinQueryDto,
} from './dto/control.dto.js';
import { ModelsService } from './models.service.js';

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
const DEFAULT_USER = 'admin';

/** Admin routes: poll the store, and choose the run that serves regardless of the policy. */
@ApiTags('Operation')
@AdminOnly()
@Controller('models')
export class ModelControlController {
  constructor(
    private readonly refreshService: RefreshService,
    private readonly pins: PinService,
    private readonly models: ModelsService,
  ) {}

  @Post('refresh')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'refreshModels',
    summary: 'Poll the store now',
    description:
      'Answers when better runs have taken over. It is polled every `REFRESH_INTERVAL_MS` anyway. ' +
      'When MLflow cannot be read, `sources` says why, and what was read last is served.',
  })
  @ApiEnvelope(RefreshDto, 'What serves now, and what did before.')
  @ApiErrors(...ADMIN, 'STORE_NOT_READABLE')
  async refresh(): Promise<RefreshDto> {
    const models = await this.refreshService.refresh();
    return { models, sources: this.refreshService.statuses.map(toSourceReadingDto) };
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
  async pin(
    @Param('model') name: string,
    @Body() { run_id, reason, by = DEFAULT_USER }: PinRequestDto,
  ): Promise<ServedDto> {
    await this.pins.pin(name, { run_id, reason, by });
    return this.models.getServing(name);
  }

  @Delete(':model/pin')
  @ModelParam()
  @ApiOperation({ operationId: 'unpinRun', summary: 'Remove the pin: the policy chooses the run again' })
  @ApiEnvelope(ServedDto, 'What serves now.')
  @ApiErrors(...ADMIN, 'VALIDATION_FAILED', UNKNOWN_MODEL)
  async unpin(@Param('model') name: string, @Query() { by = DEFAULT_USER }: UnpinQueryDto): Promise<ServedDto> {
    await this.pins.unpin(name, by);
    return this.models.getServing(name);
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
  async rollBack(
    @Param('model') name: string,
    @Body() { reason = NO_REASON, by = DEFAULT_USER }: RollbackRequestDto,
  ): Promise<ServedDto> {
    await this.pins.rollBack(name, { reason, by });
    return this.models.getServing(name);
  }
}
