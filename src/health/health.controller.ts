import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';

import { ApiEnvelope } from '../http/openapi/api-envelope.decorator.js';
import { ApiErrors } from '../http/openapi/api-errors.decorator.js';
import { EmptyDto, HealthDto } from './dto/health.dto.js';
import { ReadinessService } from './readiness.service.js';

/** Whether the server is there, alive and ready. */
@ApiTags('General')
@Controller()
export class HealthController {
  constructor(private readonly readiness: ReadinessService) {}

  @Get()
  @ApiOperation({ operationId: 'index', summary: 'Whether the server is there' })
  @ApiEnvelope(EmptyDto, 'The server answers.')
  index(): EmptyDto {
    return {};
  }

  @Get('health')
  @ApiOperation({ operationId: 'getHealth', summary: 'What is loaded, and since when' })
  @ApiEnvelope(HealthDto, 'The models and the state of the server.')
  getHealth(): HealthDto {
    return this.readiness.getHealth();
  }

  @Get('livez')
  @ApiOperation({ operationId: 'livez', summary: 'Liveness probe: restart the process when this fails' })
  @ApiEnvelope(EmptyDto, 'The process answers.')
  @ApiErrors([
    'NOTHING_TO_SERVE',
    { reason: '7 threads compute predictions that do not end, and no more are started.' },
  ])
  livez(): EmptyDto {
    return this.readiness.getLiveness();
  }

  @Get('readyz')
  @ApiOperation({ operationId: 'readyz', summary: 'Readiness probe: send no requests while this is 503' })
  @ApiEnvelope(HealthDto, 'Every served model has answered its own examples.')
  @ApiErrors('SHUTTING_DOWN', ['NOTHING_TO_SERVE', { reason: 'there are no models in the store.' }])
  readyz(): HealthDto {
    return this.readiness.requireReady();
  }
}
