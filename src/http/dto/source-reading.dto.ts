import { ApiProperty } from '@nestjs/swagger';

/** How a source of runs was read last. */
export class SourceReadingDto {
  @ApiProperty({ enum: ['directory', 'mlflow'], description: 'As in `SOURCES`.', example: 'mlflow' })
  source: string;

  @ApiProperty({
    type: String,
    nullable: true,
    format: 'date-time',
    description: 'When this process read it whole last; null when it never has, and serves what an earlier one read.',
    example: '2026-01-31T12:00:00.000Z',
  })
  last_read_at: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why it cannot be read now; null when it can. What was read last is served.',
    example: 'MLflow cannot be read: nothing listens at this address (ECONNREFUSED).',
  })
  problem: string | null;
}

/** The status of a source, as the API shows it. */
export function toSourceReadingDto(reading: {
  readonly source: string;
  readonly readAt: Date | undefined;
  readonly problem: string | undefined;
}): SourceReadingDto {
  const { source, readAt, problem = null } = reading;
  return { source, last_read_at: readAt?.toISOString() ?? null, problem };
}
