import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';

import type { Page } from '../http/response/page.js';
import { Paged } from '../http/response/paged.decorator.js';
import { ApiEnvelope } from '../http/openapi/api-envelope.decorator.js';
import { ApiErrors } from '../http/openapi/api-errors.decorator.js';
import { ListModelRunsQueryDto } from './dto/list-runs.query.dto.js';
import { RunListDto } from './dto/run.dto.js';
import { RunsService } from './runs.service.js';

/** Training runs of one model. */
@ApiTags('Runs')
@Controller('models/:model/runs')
export class ModelRunsController {
  constructor(private readonly runs: RunsService) {}

  @Get()
  @Paged()
  @ApiParam({ name: 'model', description: 'Name of the model.' })
  @ApiOperation({ operationId: 'listModelRuns', summary: 'List the runs of a model, best first' })
  @ApiEnvelope(RunListDto, 'A page of runs and how many there are.')
  @ApiErrors(['MODEL_NOT_FOUND', { model: 'nope', known: 'titanic-survival' }], 'VALIDATION_FAILED')
  listRuns(@Param('model') name: string, @Query() query: ListModelRunsQueryDto): Page<RunListDto> {
    return this.runs.listModelRuns(name, query);
  }
}
