import { ApiPropertyOptional } from '@nestjs/swagger';

import { IsInteger } from '../validation/pydantic-v1-rules.js';
import { IntegerParameter } from '../validation/query-transformers.js';

const MAX_PAGE = 1_000;
/** Entries of a page unless the client says otherwise. */
export const DEFAULT_PAGE = 100;

/** Which page of a list is asked for. */
export class PageQueryDto {
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
}
