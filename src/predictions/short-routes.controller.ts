import { Controller } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';

import type { EndpointAnswer } from '../http/endpoint/http-endpoint.js';
import { ApiEnvelope } from '../http/openapi/api-envelope.decorator.js';
import { ApiShortRouteErrors } from '../http/openapi/api-errors.decorator.js';
import { PredictPayload, PredictionsDto } from './dto/predictions.dto.js';
import { EndpointRequest } from './endpoint/endpoint-request.decorator.js';
import type { PredictionRequest } from './endpoint/endpoint-request.decorator.js';
import { PredictionEndpoint } from './endpoint/prediction-endpoint.js';
import { PredictionRoute } from './endpoint/prediction-route.js';
import { PREDICTION_ERRORS, QUERY_PREDICTION_ERRORS } from './prediction-errors.js';

const ANSWER = 'One prediction per text, in the same order.';
const TEXTS =
  'Short form for models whose input is one text. Answers as `POST /predictions` does; unknown members are ignored, and ' +
  'validation errors are `{"detail": […]}` alone. New clients use `/predictions`.';
const BARE_ROW =
  'Short form for one row. The model is found by the names of the fields; the answer is its primary output alone, ' +
  'without envelope. Types are checked, ranges and enums are not. New clients use `/predictions`.';

/** Short forms of predictions, whose answers stay as they have been (docs/decisions/0003). */
@ApiTags('Prediction')
@Controller()
export class ShortRoutesController {
  constructor(private readonly endpoint: PredictionEndpoint) {}

  @PredictionRoute('POST', 'predict', { target: 'default', rows: 'texts', hasBareErrors: true })
  @ApiBody({ type: PredictPayload })
  @ApiOperation({ operationId: 'predict', summary: 'Predict texts with the default model', description: TEXTS })
  @ApiEnvelope(PredictionsDto, ANSWER)
  @ApiShortRouteErrors(...PREDICTION_ERRORS)
  predict(@EndpointRequest() request: PredictionRequest): Promise<EndpointAnswer> {
    return this.endpoint.handle(request);
  }

  @PredictionRoute('POST', 'prediction', { target: 'default', rows: 'texts', hasBareErrors: true })
  @ApiBody({ type: PredictPayload })
  @ApiOperation({ operationId: 'prediction', summary: 'The same as POST /predict', description: TEXTS })
  @ApiEnvelope(PredictionsDto, ANSWER)
  @ApiShortRouteErrors(...PREDICTION_ERRORS)
  prediction(@EndpointRequest() request: PredictionRequest): Promise<EndpointAnswer> {
    return this.endpoint.handle(request);
  }

  @PredictionRoute('POST', 'runs/:run_id/predict', { target: 'run', rows: 'texts', hasBareErrors: true })
  @ApiBody({ type: PredictPayload })
  @ApiParam({ name: 'run_id', description: 'Identifies the run; case-sensitive.', type: String })
  @ApiOperation({ operationId: 'predictWithRun', summary: 'Predict texts with any run', description: TEXTS })
  @ApiEnvelope(PredictionsDto, ANSWER)
  @ApiShortRouteErrors(['RUN_NOT_FOUND', { runId: 'nope' }], ...PREDICTION_ERRORS)
  predictWithRun(@EndpointRequest() request: PredictionRequest): Promise<EndpointAnswer> {
    return this.endpoint.handle(request);
  }

  @PredictionRoute('GET', 'predict', { target: 'fields', rows: 'query', isBare: true, hasBareErrors: true })
  @ApiOperation({
    operationId: 'predictFromQuery',
    summary: 'The bare prediction for one row given in the query',
    description: BARE_ROW,
  })
  @ApiShortRouteErrors(...QUERY_PREDICTION_ERRORS)
  predictFromQuery(@EndpointRequest() request: PredictionRequest): Promise<EndpointAnswer> {
    return this.endpoint.handle(request);
  }

  @PredictionRoute('PUT', 'predict', { target: 'fields', rows: 'body', isBare: true, hasBareErrors: true })
  @ApiOperation({
    operationId: 'putPredict',
    summary: 'The bare prediction for one row given in the body',
    description: BARE_ROW,
  })
  @ApiShortRouteErrors(...PREDICTION_ERRORS)
  putPredict(@EndpointRequest() request: PredictionRequest): Promise<EndpointAnswer> {
    return this.endpoint.handle(request);
  }
}
