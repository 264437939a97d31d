import { Body, Controller, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';

import { NoEnvelope } from '../http/envelope/no-envelope.decorator.js';
import { ClientSignal } from '../http/request/client-signal.decorator.js';
import { Clock } from '../http/request/prediction-context.decorator.js';
import type { RequestClock } from '../http/request/prediction-context.decorator.js';
import { ApiEnvelope } from '../http/openapi/api-envelope.decorator.js';
import { ApiShortRouteErrors } from '../http/openapi/api-errors.decorator.js';
import type { JsonObject } from '../lib/json.js';
import { PredictPayload, PredictionsDto } from './dto/predictions.dto.js';
import { PREDICTION_ERRORS, QUERY_PREDICTION_ERRORS } from './prediction-errors.js';
import { PredictionsService } from './predictions.service.js';

const ANSWER = 'One prediction per text, in the same order.';
const TEXTS = 'Kept for clients of the 2021 API; new ones use the noun, `/predictions`.';
const BARE_ROW =
  'Kept for clients of the 2020 tutorial. The model is found by the names of the fields; the answer is its primary output alone. Types are checked, ranges and enums are not.';

/** The short routes of the documents this API grew from; they answer as they always did. */
@ApiTags('Prediction')
@Controller()
export class SeedPredictionsController {
  constructor(private readonly predictions: PredictionsService) {}

  @Post('predict')
  @HttpCode(200)
  @ApiOperation({ operationId: 'predict', summary: 'Predict texts with the default model', description: TEXTS })
  @ApiEnvelope(PredictionsDto, ANSWER)
  @ApiShortRouteErrors(...PREDICTION_ERRORS)
  predict(
    @Body() body: PredictPayload,
    @ClientSignal() signal: AbortSignal,
    @Clock() clock?: RequestClock,
  ): Promise<PredictionsDto> {
    return this.predictions.predictTexts(body, signal, clock);
  }

  @Post('prediction')
  @HttpCode(200)
  @ApiOperation({ operationId: 'prediction', summary: 'The same as POST /predict', description: TEXTS })
  @ApiEnvelope(PredictionsDto, ANSWER)
  @ApiShortRouteErrors(...PREDICTION_ERRORS)
  prediction(
    @Body() body: PredictPayload,
    @ClientSignal() signal: AbortSignal,
    @Clock() clock?: RequestClock,
  ): Promise<PredictionsDto> {
    return this.predictions.predictTexts(body, signal, clock);
  }

  @Post('runs/:run_id/predict')
  @HttpCode(200)
  @ApiParam({ name: 'run_id', description: 'Identifies the run; case-sensitive.' })
  @ApiOperation({ operationId: 'predictWithRun', summary: 'Predict texts with any run', description: TEXTS })
  @ApiEnvelope(PredictionsDto, ANSWER)
  @ApiShortRouteErrors(['RUN_NOT_FOUND', { runId: 'nope' }], ...PREDICTION_ERRORS)
  predictWithRun(
    @Param('run_id') runId: string,
    @Body() body: PredictPayload,
    @ClientSignal() signal: AbortSignal,
    @Clock() clock?: RequestClock,
  ): Promise<PredictionsDto> {
    return this.predictions.predictTexts(body, signal, clock, runId);
  }

  @Get('predict')
  @NoEnvelope()
  @ApiOperation({
    operationId: 'predictFromQuery',
    summary: 'The bare prediction for one row given in the query',
    description: BARE_ROW,
  })
  @ApiShortRouteErrors(...QUERY_PREDICTION_ERRORS)
  predictFromQuery(
    @Query() query: Record<string, string>,
    @ClientSignal() signal: AbortSignal,
    @Clock() clock?: RequestClock,
  ): Promise<JsonObject> {
    return this.predictions.predictBare(query, 'query', signal, clock);
  }

  @Put('predict')
  @NoEnvelope()
  @ApiOperation({
    operationId: 'putPredict',
    summary: 'The bare prediction for one row given in the body',
    description: BARE_ROW,
  })
  @ApiShortRouteErrors(...PREDICTION_ERRORS)
  putPredict(
    @Body() row: unknown,
    @ClientSignal() signal: AbortSignal,
    @Clock() clock?: RequestClock,
  ): Promise<JsonObject> {
    return this.predictions.predictBare(row, 'body', signal, clock);
  }
}
