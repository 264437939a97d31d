import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';

import { IsText } from '../validation/pydantic-v1-rules.js';

const anyObject = { type: 'object', additionalProperties: true } as const;

/** The nested report, or the part of it that `filter` names (under that name). */
export class PerformanceDto {
  @ApiProperty({
    required: false,
    description: 'The whole report, when no filter is given.',
    example: { overall: { f1: 0.71 } },
  })
  performance?: object;
}

/** All parameters of a run. */
export class ParamsDto {
  @ApiProperty({ ...anyObject, description: 'Hyper-parameters with their JSON types.', example: { hidden_dim: 443 } })
  params: object;
}

/** One parameter, under its own name; its JSON type is the one training used. */
@ApiSchema({ description: 'One parameter, under its own name.' })
export class ParamDto {
  [param: string]: unknown;
}

/** Which part of the report is wanted. */
export class PerformanceQueryDto {
  @ApiPropertyOptional({ description: 'Dotted path into the report; all of it when empty.', example: 'overall' })
  @IsText({ optional: true, maxLength: 1000 })
  filter?: string;
}
