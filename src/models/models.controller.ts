import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';

import { PageQueryDto } from '../http/dto/page.query.dto.js';
import { ParamDto, ParamsDto, PerformanceDto, PerformanceQueryDto } from '../http/dto/report.dto.js';
import { CONTRACT_HEADER } from '../http/request/contract-header.js';
import { ApiEnvelope } from '../http/openapi/api-envelope.decorator.js';
import { ApiErrors } from '../http/openapi/api-errors.decorator.js';
import type { Page } from '../http/response/page.js';
import { Paged } from '../http/response/paged.decorator.js';
import { ResponseHeaders } from '../http/response/response-headers.decorator.js';
import type { JsonObject } from '../lib/json/json.js';
import { HistoryDto } from './dto/control.dto.js';
import { ModelDto, ModelListDto, ModelSchemaDto, SelectionDto } from './dto/model.dto.js';
import { ModelsService } from './models.service.js';

const UNKNOWN_MODEL = ['MODEL_NOT_FOUND', { model: 'nope', known: 'titanic-survival' }] as const;
const NOT_READY = [
  'MODEL_NOT_READY',
  { model: 'titanic-survival', reason: 'METRIC_MISSING: The run has no metric "f1".' },
] as const;
const ModelParam = () => ApiParam({ name: 'model', description: 'Name of the model.' });

/** Models and why each is served as it is. */
@ApiTags('Models')
@Controller('models')
export class ModelsController {
  constructor(private readonly models: ModelsService) {}

  @Get()
  @ApiOperation({ operationId: 'listModels', summary: 'List the models' })
  @ApiEnvelope(ModelListDto, 'Every model with a usable card.')
  listModels(): ModelListDto {
    return this.models.listModels();
  }

  @Get(':model')
  @ModelParam()
  @ApiOperation({ operationId: 'getModel', summary: 'One model: its card and the run it is served with' })
  @ApiEnvelope(ModelDto, 'The model.')
  @ApiErrors(UNKNOWN_MODEL)
  getModel(@Param('model') name: string): ModelDto {
    return this.models.getModel(name);
  }

  @Get(':model/selection')
  @Paged()
  @ModelParam()
  @ApiOperation({
    operationId: 'getModelSelection',
    summary: 'Why the best run is the best',
    description:
      'The policy of the owner, a page of the runs in order, why each was rejected, and the winner. The run that serves, ' +
      'the pinned one and the next are in every answer, whatever the page; the `Link` header leads to the other pages.',
  })
  @ApiEnvelope(SelectionDto, 'The policy, a page of the ranking and the winner.')
  @ApiErrors(UNKNOWN_MODEL, 'VALIDATION_FAILED')
  getSelection(@Param('model') name: string, @Query() query: PageQueryDto): Page<SelectionDto> {
    return this.models.getSelection(name, query);
  }

  @Get(':model/history')
  @ModelParam()
  @ApiOperation({
    operationId: 'getModelHistory',
    summary: 'What happened to the run that serves, and why',
    description: 'Promotions, rejections, pins, rollbacks and automatic rollbacks of all replicas over the store.',
  })
  @ApiEnvelope(HistoryDto, 'The history.')
  @ApiErrors(UNKNOWN_MODEL)
  getHistory(@Param('model') name: string): Promise<HistoryDto> {
    return this.models.getHistory(name);
  }

  @Get(':model/schema')
  @ResponseHeaders(({ contract }: ModelSchemaDto) => ({ [CONTRACT_HEADER]: contract }))
  @ModelParam()
  @ApiOperation({
    operationId: 'getModelSchema',
    summary: 'JSON Schemas of one input row and one output row, and an example',
  })
  @ApiEnvelope(ModelSchemaDto, 'The contract.')
  @ApiErrors(UNKNOWN_MODEL, NOT_READY)
  getSchema(@Param('model') name: string): ModelSchemaDto {
    return this.models.getSchema(name);
  }

  @Get(':model/performance')
  @ModelParam()
  @ApiOperation({ operationId: 'getModelPerformance', summary: "The best run's report, or a part of it" })
  @ApiEnvelope(PerformanceDto, 'The report under `performance`, or the part asked for under its own path.')
  @ApiErrors(
    UNKNOWN_MODEL,
    ['PERFORMANCE_NOT_FOUND', { filter: 'nope', known: 'It has: overall, class, slices.' }],
    NOT_READY,
  )
  getPerformance(@Param('model') name: string, @Query() { filter }: PerformanceQueryDto): JsonObject {
    return this.models.getPerformance(name, filter);
  }

  @Get(':model/params')
  @ModelParam()
  @ApiOperation({ operationId: 'listModelParams', summary: "The best run's parameters" })
  @ApiEnvelope(ParamsDto, 'All parameters.')
  @ApiErrors(UNKNOWN_MODEL, NOT_READY)
  listParams(@Param('model') name: string): ParamsDto {
    return this.models.listParams(name);
  }

  @Get(':model/params/:param')
  @ModelParam()
  @ApiParam({ name: 'param', description: 'Name of the parameter; case-sensitive.', example: 'seed' })
  @ApiOperation({ operationId: 'getModelParam', summary: "One of the best run's parameters" })
  @ApiEnvelope(ParamDto, 'The parameter under its own name.')
  @ApiErrors(UNKNOWN_MODEL, ['PARAM_NOT_FOUND', { param: 'nope', known: 'seed, lr' }], NOT_READY)
  getParam(@Param('model') name: string, @Param('param') param: string): JsonObject {
    return this.models.getParam(name, param);
  }
}
