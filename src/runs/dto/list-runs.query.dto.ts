import { ApiPropertyOptional } from '@nestjs/swagger';

import { PageQueryDto } from '../../http/dto/page.query.dto.js';
import { IntegerParameter } from '../../http/validation/query-transformers.js';
import { IsOneOf, IsText, IsInteger } from '../../http/validation/pydantic-v1-rules.js';
import { RUN_STATUSES } from '../../domain/run.js';

/** How a list of runs of one model is cut and ordered. */
export class ListModelRunsQueryDto extends PageQueryDto {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    description: 'Only the first so many runs of the order.',
    example: 10,
  })
  @IntegerParameter()
  @IsInteger({ optional: true, min: 0 })
  top?: number;

  @ApiPropertyOptional({
    description:
      'Order: `rank` (best first), `run_id`, `name`, `status`, `started_at`, `ended_at`, `metrics.…` or `params.…`; a minus in front reverses. Runs without the value come last.',
    example: '-metrics.f1',
  })
  @IsText({ optional: true, minLength: 1, maxLength: 200 })
  sort?: string;

  @ApiPropertyOptional({ enum: RUN_STATUSES, enumName: 'RunStatus', description: 'Only runs that ended so.' })
  @IsOneOf(RUN_STATUSES, { optional: true })
  status?: string;
}

/** How the list of all runs is cut and ordered. */
export class ListRunsQueryDto extends ListModelRunsQueryDto {
  @ApiPropertyOptional({ description: 'Only runs of this model.', example: 'titanic-survival' })
  @IsText({ optional: true })
  model?: string;
}
