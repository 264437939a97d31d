import { Body, Controller, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';

import { ClientSignal } from '../http/request/client-signal.decorator.js';
import { Clock } from '../http/request/prediction-context.decorator.js';
import type { RequestClock } from '../http/request/prediction-context.decorator.js';
import { ApiEnvelope } from '../http/openapi/api-envelope.decorator.js';
import { ApiErrors } from '../http/openapi/api-errors.decorator.js';
import { AnyPredictionsRequestDto, PredictionsDto, PredictionsRequestDto } from './dto/predictions.dto.js';
import { PREDICTION_ERRORS, QUERY_PREDICTION_ERRORS } from './prediction-errors.js';
import { PredictionsService } from './predictions.service.js';

const UNKNOWN_MODEL = ['MODEL_NOT_FOUND', { model: 'nope', known: 'titanic-survival' }] as const;
const UNKNOWN_RUN = ['RUN_NOT_FOUND', { runId: 'nope' }] as const;
const NOT_SERVABLE = [
  'RUN_NOT_SERVABLE',
  { runId: 'broken', reason: 'LOAD_FAILED: the artifact is damaged.' },
] as const;
const ANSWER = 'One prediction per input row, in the same order.';

/** Predictions as a resource: rows in, rows out. */
@ApiTags('Prediction')
@Controller()
export class PredictionsController {
  constructor(private readonly predictions: PredictionsService) {}

  @Post('predictions')
  @HttpCode(200)
  @ApiOperation({ operationId: 'createPredictions', summary: 'Predict with the model or run that the body names' })
  @ApiEnvelope(PredictionsDto, ANSWER)
  @ApiErrors(UNKNOWN_MODEL, UNKNOWN_RUN, NOT_SERVABLE, ...PREDICTION_ERRORS)
  create(
    @Body() body: AnyPredictionsRequestDto,
    @ClientSignal() signal: AbortSignal,
    @Clock() clock?: RequestClock,
  ): Promise<PredictionsDto> {
    return this.predictions.predictWithNamed(body, signal, clock);
  }

  @Put('predictions')
  @ApiOperation({ operationId: 'putPredictions', summary: 'The same by PUT, which clients may repeat safely' })
  @ApiEnvelope(PredictionsDto, ANSWER)
  @ApiErrors(UNKNOWN_MODEL, UNKNOWN_RUN, NOT_SERVABLE, ...PREDICTION_ERRORS)
  put(
    @Body() body: AnyPredictionsRequestDto,
    @ClientSignal() signal: AbortSignal,
    @Clock() clock?: RequestClock,
  ): Promise<PredictionsDto> {
    return this.predictions.predictWithNamed(body, signal, clock);
  }

  @Post('models/:model/predictions')
  @HttpCode(200)
  @ApiParam({ name: 'model', description: 'Name of the model.' })
  @ApiOperation({ operationId: 'createModelPredictions', summary: "Predict with a model's best run" })
  @ApiEnvelope(PredictionsDto, ANSWER)
  @ApiErrors(UNKNOWN_MODEL, ...PREDICTION_ERRORS)
  createForModel(
    @Param('model') model: string,
    @Body() body: PredictionsRequestDto,
    @ClientSignal() signal: AbortSignal,
    @Clock() clock?: RequestClock,
  ): Promise<PredictionsDto> {
    return this.predictions.predictWithModel(model, body, signal, clock);
  }

  @Put('models/:model/predictions')
  @ApiParam({ name: 'model', description: 'Name of the model.' })
  @ApiOperation({ operationId: 'putModelPredictions', summary: 'The same by PUT, which clients may repeat safely' })
  @ApiEnvelope(PredictionsDto, ANSWER)
  @ApiErrors(UNKNOWN_MODEL, ...PREDICTION_ERRORS)
  putForModel(
    @Param('model') model: string,
    @Body() body: PredictionsRequestDto,
    @ClientSignal() signal: AbortSignal,
    @Clock() clock?: RequestClock,
  ): Promise<PredictionsDto> {
    return this.predictions.predictWithModel(model, body, signal, clock);
  }

  @Get('models/:model/predictions')
  @ApiParam({ name: 'model', description: 'Name of the model.' })
  @ApiOperation({ operationId: 'getModelPrediction', summary: 'Predict one row given in the query (for trying out)' })
  @ApiEnvelope(PredictionsDto, 'One prediction.')
  @ApiErrors(UNKNOWN_MODEL, ...QUERY_PREDICTION_ERRORS)
  getForModel(
    @Param('model') model: string,
    @Query() query: Record<string, string>,
    @ClientSignal() signal: AbortSignal,
    @Clock() clock?: RequestClock,
  ): Promise<PredictionsDto> {
    return this.predictions.predictFromQuery(model, query, signal, clock);
  }

  @Post('runs/:run_id/predictions')
  @HttpCode(200)
  @ApiParam({ name: 'run_id', description: 'Identifies the run; case-sensitive.' })
  @ApiOperation({ operationId: 'createRunPredictions', summary: 'Predict with any run' })
  @ApiEnvelope(PredictionsDto, ANSWER)
  @ApiErrors(UNKNOWN_RUN, NOT_SERVABLE, ...PREDICTION_ERRORS)
  createForRun(
    @Param('run_id') runId: string,
    @Body() body: PredictionsRequestDto,
    @ClientSignal() signal: AbortSignal,
    @Clock() clock?: RequestClock,
  ): Promise<PredictionsDto> {
    return this.predictions.predictWithRun(runId, body, signal, clock);
  }

  @Put('runs/:run_id/predictions')
  @ApiParam({ name: 'run_id', description: 'Identifies the run; case-sensitive.' })
  @ApiOperation({ operationId: 'putRunPredictions', summary: 'The same by PUT, which clients may repeat safely' })
  @ApiEnvelope(PredictionsDto, ANSWER)
  @ApiErrors(UNKNOWN_RUN, NOT_SERVABLE, ...PREDICTION_ERRORS)
  putForRun(
    @Param('run_id') runId: string,
    @Body() body: PredictionsRequestDto,
    @ClientSignal() signal: AbortSignal,
    @Clock() clock?: RequestClock,
  ): Promise<PredictionsDto> {
    return this.predictions.predictWithRun(runId, body, signal, clock);
  }
}
