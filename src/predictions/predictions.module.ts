import { Module } from '@nestjs/common';

import { HttpEndpoint } from '../http/endpoint/http-endpoint.js';
import { RegistryModule } from '../registry/registry.module.js';
import { RowReadingModule } from '../row-reading/row-reading.module.js';
import { PredictionEndpoint } from './endpoint/prediction-endpoint.js';
import { routesOf } from './endpoint/prediction-route.js';
import { RouteTable } from './endpoint/route-table.js';
import { PredictionTargets } from './prediction-targets.js';
import { PredictionsController } from './predictions.controller.js';
import { PredictionsService } from './predictions.service.js';
import { ShortRoutesController } from './short-routes.controller.js';

const controllers = [PredictionsController, ShortRoutesController];

/** Predictions: the service that predicts, the endpoint that speaks HTTP, and the controllers that route to it. */
@Module({
  imports: [RegistryModule, RowReadingModule],
  controllers,
  providers: [
    PredictionsService,
    PredictionTargets,
    PredictionEndpoint,
    { provide: RouteTable, useFactory: () => new RouteTable(routesOf(...controllers)) },
    { provide: HttpEndpoint, useExisting: PredictionEndpoint },
  ],
  exports: [HttpEndpoint],
})
export class PredictionsModule {}
