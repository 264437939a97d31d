import { ApiPropertyOptional } from '@nestjs/swagger';

import { IntegerParameter } from '../../http/validation/query-transformers.js';
import { IsOneOf, IsText, IsInteger } from '../../http/validation/pydantic-v1-rules.js';
import { RUN_STATUSES } from '../../domain/run.js';

const MAX_PAGE = 1_000;
export const DEFAULT_PAGE = 100;

/** How a list of runs of one model is cut and ordered. */
export class ListModelRunsQueryDto {
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
    type: 'integer',
    minimum: 0,
    maximum: MAX_PAGE,
    default: DEFAULT_PAGE,
    description: 'Runs per page.',
  })
  @IntegerParameter()
  @IsInteger({ optional: true, min: 0, max: MAX_PAGE })
  limit?: number;

  @ApiPropertyOptional({ type: 'integer', minimum: 0, default: 0, description: 'Runs to skip before the page.' })
  @IntegerParameter()
  @IsInteger({ optional: true, min: 0 })
  offset?: number;

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
