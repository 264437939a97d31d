import { Controller } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';

import type { EndpointAnswer } from '../http/endpoint/http-endpoint.js';
import { ApiEnvelope } from '../http/openapi/api-envelope.decorator.js';
import { ApiErrors } from '../http/openapi/api-errors.decorator.js';
import { AnyPredictionsRequestDto, PredictionsDto, PredictionsRequestDto } from './dto/predictions.dto.js';
import { EndpointRequest } from './endpoint/endpoint-request.decorator.js';
import type { PredictionRequest } from './endpoint/endpoint-request.decorator.js';
import { PredictionEndpoint } from './endpoint/prediction-endpoint.js';
import { PredictionRoute } from './endpoint/prediction-route.js';
import { PREDICTION_ERRORS, QUERY_PREDICTION_ERRORS } from './prediction-errors.js';

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
  constructor(private readonly endpoint: PredictionEndpoint) {}

  @PredictionRoute('POST', 'predictions', { target: 'named', rows: 'inputs' })
  @ApiBody({ type: AnyPredictionsRequestDto })
  @ApiOperation({ operationId: 'createPredictions', summary: 'Predict with the model or run that the body names' })
  @ApiEnvelope(PredictionsDto, ANSWER)
  @ApiErrors(UNKNOWN_MODEL, UNKNOWN_RUN, NOT_SERVABLE, ...PREDICTION_ERRORS)
  create(@EndpointRequest() request: PredictionRequest): Promise<EndpointAnswer> {
    return this.endpoint.handle(request);
  }

  @PredictionRoute('PUT', 'predictions', { target: 'named', rows: 'inputs' })
  @ApiBody({ type: AnyPredictionsRequestDto })
  @ApiOperation({ operationId: 'putPredictions', summary: 'The same by PUT, which clients may repeat safely' })
  @ApiEnvelope(PredictionsDto, ANSWER)
  @ApiErrors(UNKNOWN_MODEL, UNKNOWN_RUN, NOT_SERVABLE, ...PREDICTION_ERRORS)
  put(@EndpointRequest() request: PredictionRequest): Promise<EndpointAnswer> {
    return this.endpoint.handle(request);
  }

  @PredictionRoute('POST', 'models/:model/predictions', { target: 'model', rows: 'inputs' })
  @ApiBody({ type: PredictionsRequestDto })
  @ApiParam({ name: 'model', description: 'Name of the model.', type: String })
  @ApiOperation({ operationId: 'createModelPredictions', summary: "Predict with a model's best run" })
  @ApiEnvelope(PredictionsDto, ANSWER)
  @ApiErrors(UNKNOWN_MODEL, ...PREDICTION_ERRORS)
  createForModel(@EndpointRequest() request: PredictionRequest): Promise<EndpointAnswer> {
    return this.endpoint.handle(request);
  }

  @PredictionRoute('PUT', 'models/:model/predictions', { target: 'model', rows: 'inputs' })
  @ApiBody({ type: PredictionsRequestDto })
  @ApiParam({ name: 'model', description: 'Name of the model.', type: String })
  @ApiOperation({ operationId: 'putModelPredictions', summary: 'The same by PUT, which clients may repeat safely' })
  @ApiEnvelope(PredictionsDto, ANSWER)
  @ApiErrors(UNKNOWN_MODEL, ...PREDICTION_ERRORS)
  putForModel(@EndpointRequest() request: PredictionRequest): Promise<EndpointAnswer> {
    return this.endpoint.handle(request);
  }

  @PredictionRoute('GET', 'models/:model/predictions', { target: 'model', rows: 'query' })
  @ApiParam({ name: 'model', description: 'Name of the model.', type: String })
  @ApiOperation({ operationId: 'getModelPrediction', summary: 'Predict one row given in the query (for trying out)' })
  @ApiEnvelope(PredictionsDto, 'One prediction.')
  @ApiErrors(UNKNOWN_MODEL, ...QUERY_PREDICTION_ERRORS)
  getForModel(@EndpointRequest() request: PredictionRequest): Promise<EndpointAnswer> {
    return this.endpoint.handle(request);
  }

  @PredictionRoute('POST', 'runs/:run_id/predictions', { target: 'run', rows: 'inputs' })
  @ApiBody({ type: PredictionsRequestDto })
  @ApiParam({ name: 'run_id', description: 'Identifies the run; case-sensitive.', type: String })
  @ApiOperation({ operationId: 'createRunPredictions', summary: 'Predict with any run' })
  @ApiEnvelope(PredictionsDto, ANSWER)
  @ApiErrors(UNKNOWN_RUN, NOT_SERVABLE, ...PREDICTION_ERRORS)
  createForRun(@EndpointRequest() request: PredictionRequest): Promise<EndpointAnswer> {
    return this.endpoint.handle(request);
  }

  @PredictionRoute('PUT', 'runs/:run_id/predictions', { target: 'run', rows: 'inputs' })
  @ApiBody({ type: PredictionsRequestDto })
  @ApiParam({ name: 'run_id', description: 'Identifies the run; case-sensitive.', type: String })
  @ApiOperation({ operationId: 'putRunPredictions', summary: 'The same by PUT, which clients may repeat safely' })
  @ApiEnvelope(PredictionsDto, ANSWER)
  @ApiErrors(UNKNOWN_RUN, NOT_SERVABLE, ...PREDICTION_ERRORS)
  putForRun(@EndpointRequest() request: PredictionRequest): Promise<EndpointAnswer> {
    return this.endpoint.handle(request);
  }
}
