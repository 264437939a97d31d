import { ApiProperty, ApiSchema } from '@nestjs/swagger';

/** Nothing to say beyond the envelope. */
@ApiSchema({ description: 'Empty: the envelope says it all.' })
export class EmptyDto {
  [key: string]: never;
}

/** A model as the server holds it. */
export class ModelHealthDto {
  @ApiProperty({ description: 'Name of the model.', example: 'titanic-survival' })
  name: string;

  @ApiProperty({ description: 'Whether it has answered its own examples and can be asked.' })
  ready: boolean;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Run it is served with; null when none can be.',
    example: 'titanic-rule-baseline-001',
  })
  run_id: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'What computes it.', example: 'onnxruntime-cpu' })
  backend: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: "SHA-256 of the run's artifact.",
    example: 'a5d710126ed1951d9cd654138a6daebcbf3ec8e49b8898c733c68186900f3427',
  })
  sha256: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time', description: 'When it was loaded.' })
  loaded_at: string | null;
}

/** What is loaded and since when. */
export class HealthDto {
  @ApiProperty({
    enum: ['ok', 'degraded', 'draining'],
    description: '`degraded`: a model has no run that can be served; `draining`: the server is shutting down.',
  })
  status: string;

  @ApiProperty({ description: 'Version of the server.', example: '0.1.0' })
  version: string;

  @ApiProperty({ description: 'Seconds since the process started.', example: 12.5 })
  uptime_seconds: number;

  @ApiProperty({ type: [ModelHealthDto], description: 'Every model of the store, the default one first.' })
  models: ModelHealthDto[];
}
