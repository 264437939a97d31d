import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';

import { ParamDto, ParamsDto, PerformanceDto, PerformanceQueryDto } from '../http/dto/report.dto.js';
import type { Page } from '../http/response/page.js';
import { Paged } from '../http/response/paged.decorator.js';
import { ApiEnvelope } from '../http/openapi/api-envelope.decorator.js';
import { ApiErrors } from '../http/openapi/api-errors.decorator.js';
import type { JsonObject } from '../lib/json/json.js';
import { ListRunsQueryDto } from './dto/list-runs.query.dto.js';
import { MetricDto, MetricQueryDto } from './dto/metric.dto.js';
import { RunDetailDto, RunListDto } from './dto/run.dto.js';
import { RunsService } from './runs.service.js';

const UNKNOWN_RUN = ['RUN_NOT_FOUND', { runId: 'nope' }] as const;
const RunIdParam = () => ApiParam({ name: 'run_id', description: 'Identifies the run; case-sensitive.' });

/** Training runs of every model. */
@ApiTags('Runs')
@Controller('runs')
export class RunsController {
  constructor(private readonly runs: RunsService) {}

  @Get()
  @Paged()
  @ApiOperation({
    operationId: 'listRuns',
    summary: 'List runs, best first',
    description:
      "The default model's runs come first, then the other models by name; within a model by rank. The `Link` header leads to the other pages.",
  })
  @ApiEnvelope(RunListDto, 'A page of runs and how many there are.')
  @ApiErrors('VALIDATION_FAILED')
  listRuns(@Query() query: ListRunsQueryDto): Page<RunListDto> {
    return this.runs.listRuns(query);
  }

  @Get(':run_id')
  @RunIdParam()
  @ApiOperation({ operationId: 'getRun', summary: 'One run with its report, verdict and how it is computed' })
  @ApiEnvelope(RunDetailDto, 'The run.')
  @ApiErrors(UNKNOWN_RUN)
  getRun(@Param('run_id') runId: string): RunDetailDto {
    return this.runs.getRun(runId);
  }

  @Get(':run_id/performance')
  @RunIdParam()
  @ApiOperation({ operationId: 'getRunPerformance', summary: "A run's report, or a part of it" })
  @ApiEnvelope(PerformanceDto, 'The report under `performance`, or the part asked for under its own path.')
  @ApiErrors(UNKNOWN_RUN, ['PERFORMANCE_NOT_FOUND', { filter: 'nope', known: 'It has: overall, class, slices.' }])
  getPerformance(@Param('run_id') runId: string, @Query() { filter }: PerformanceQueryDto): JsonObject {
    return this.runs.getPerformance(runId, filter);
  }

  @Get(':run_id/metrics/:metric')
  @RunIdParam()
  @ApiParam({ name: 'metric', description: 'Name of the metric; case-sensitive.', example: 'f1' })
  @ApiOperation({
    operationId: 'getRunMetric',
    summary: "One of a run's metrics, with its history over the training",
    description: 'Stores of MLflow keep every value that was logged; a run folder keeps the last one.',
  })
  @ApiEnvelope(MetricDto, 'The metric, its value and its history.')
  @ApiErrors(UNKNOWN_RUN, ['METRIC_NOT_FOUND', { metric: 'nope', known: 'f1, recall' }], 'STORE_NOT_READABLE')
  getMetric(
    @Param('run_id') runId: string,
    @Param('metric') metric: string,
    @Query() query: MetricQueryDto,
  ): Promise<MetricDto> {
    return this.runs.getMetric(runId, metric, query);
  }

  @Get(':run_id/params')
  @RunIdParam()
  @ApiOperation({ operationId: 'listRunParams', summary: "A run's parameters" })
  @ApiEnvelope(ParamsDto, 'All parameters.')
  @ApiErrors(UNKNOWN_RUN)
  listParams(@Param('run_id') runId: string): ParamsDto {
    return this.runs.listParams(runId);
  }

  @Get(':run_id/params/:param')
  @RunIdParam()
  @ApiParam({ name: 'param', description: 'Name of the parameter; case-sensitive.', example: 'seed' })
  @ApiOperation({ operationId: 'getRunParam', summary: "One of a run's parameters" })
  @ApiEnvelope(ParamDto, 'The parameter under its own name.')
  @ApiErrors(UNKNOWN_RUN, ['PARAM_NOT_FOUND', { param: 'nope', known: 'seed, lr' }])
  getParam(@Param('run_id') runId: string, @Param('param') param: string): JsonObject {
    return this.runs.getParam(runId, param);
  }
}
