import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

import { IntegerParameter } from '../../http/validation/query-transformers.js';
import { IsInteger } from '../../http/validation/pydantic-v1-rules.js';

const MAX_POINTS = 10_000;
export const DEFAULT_POINTS = 1_000;

/** How much of a metric's history is wanted. */
export class MetricQueryDto {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 2,
    maximum: MAX_POINTS,
    default: DEFAULT_POINTS,
    description: 'Most points of the history; a longer one is sampled evenly and keeps its first and last point.',
    example: 100,
  })
  @IntegerParameter()
  @IsInteger({ optional: true, min: 2, max: MAX_POINTS })
  points?: number;
}

/** One value of a metric as it was logged in training. */
class MetricPointDto {
  @ApiProperty({ type: 'integer', description: 'Epoch, batch or whatever the trainer counted.', example: 3 })
  step: number;

  @ApiProperty({ format: 'date-time', description: 'When it was logged.', example: '2026-01-31T12:00:00.000Z' })
  timestamp: string;

  @ApiProperty({ type: Number, nullable: true, description: 'Null where the trainer had no number.', example: 0.71 })
  value: number | null;
}

/** A metric of a run with its history over the training. */
export class MetricDto {
  @ApiProperty({ description: 'Name of the metric.', example: 'f1' })
  metric: string;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'The value by which the run is judged; null where the trainer had no number.',
    example: 0.71,
  })
  value: number | null;

  @ApiProperty({
    type: [MetricPointDto],
    description: 'In the order of the steps. A store that keeps last values only gives one point.',
  })
  history: MetricPointDto[];

  @ApiProperty({ type: 'integer', description: 'Points that the store has, before sampling.', example: 1 })
  total: number;
}
