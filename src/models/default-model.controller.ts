import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';

import { ParamDto, ParamsDto, PerformanceDto, PerformanceQueryDto } from '../http/dto/report.dto.js';
import { ApiEnvelope } from '../http/openapi/api-envelope.decorator.js';
import { ApiErrors } from '../http/openapi/api-errors.decorator.js';
import type { JsonObject } from '../lib/json/json.js';
import { ModelsService } from './models.service.js';

/** Short routes to the default model's best run. */
@Controller()
export class DefaultModelController {
  constructor(private readonly models: ModelsService) {}

  @Get('performance')
  @ApiTags('Performance')
  @ApiOperation({
    operationId: 'getPerformance',
    summary: "The report of the default model's best run, or a part of it",
  })
  @ApiEnvelope(PerformanceDto, 'The report under `performance`, or the part asked for under its own path.')
  @ApiErrors(['PERFORMANCE_NOT_FOUND', { filter: 'nope', known: 'It has: overall, class, slices.' }])
  getPerformance(@Query() { filter }: PerformanceQueryDto): JsonObject {
    return this.models.getPerformance(undefined, filter);
  }

  @Get('params')
  @ApiTags('Parameters')
  @ApiOperation({ operationId: 'listParams', summary: "The parameters of the default model's best run" })
  @ApiEnvelope(ParamsDto, 'All parameters.')
  listParams(): ParamsDto {
    return this.models.listParams();
  }

  @Get('params/:param')
  @ApiTags('Parameters')
  @ApiParam({ name: 'param', description: 'Name of the parameter; case-sensitive.', example: 'hidden_dim' })
  @ApiOperation({ operationId: 'getParam', summary: "One parameter of the default model's best run" })
  @ApiEnvelope(ParamDto, 'The parameter under its own name.')
  @ApiErrors(['PARAM_NOT_FOUND', { param: 'nope', known: 'seed, lr' }])
  getParam(@Param('param') param: string): JsonObject {
    return this.models.getParam(undefined, param);
  }
}
