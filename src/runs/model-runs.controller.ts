import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';

import { setPageLinks } from '../http/response/set-page-links.js';
import { ApiEnvelope } from '../http/openapi/api-envelope.decorator.js';
import { ApiErrors } from '../http/openapi/api-errors.decorator.js';
import { AppConfig } from '../config/app-config.js';
import { ModelRegistryService } from '../registry/model-registry.service.js';
import { ListModelRunsQueryDto } from './dto/list-runs.query.dto.js';
import { RunListDto } from './dto/run.dto.js';
import { RunsService } from './runs.service.js';

/** Training runs of one model. */
@ApiTags('Runs')
@Controller('models/:model/runs')
export class ModelRunsController {
  constructor(
    private readonly runs: RunsService,
    private readonly registry: ModelRegistryService,
    private readonly config: AppConfig,
  ) {}

  @Get()
  @ApiParam({ name: 'model', description: 'Name of the model.' })
  @ApiOperation({ operationId: 'listModelRuns', summary: 'List the runs of a model, best first' })
  @ApiEnvelope(RunListDto, 'A page of runs and how many there are.')
  @ApiErrors(['MODEL_NOT_FOUND', { model: 'nope', known: 'titanic-survival' }], 'VALIDATION_FAILED')
  listRuns(
    @Param('model') name: string,
    @Query() query: ListModelRunsQueryDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): RunListDto {
    const model = this.registry.getModel(name).card.name;
    return setPageLinks(this.runs.listRuns({ ...query, model }), request, response, this.config);
  }
}
