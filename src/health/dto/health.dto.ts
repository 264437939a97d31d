import { ApiProperty, ApiSchema } from '@nestjs/swagger';

/** Nothing to say beyond the envelope. */
@ApiSchema({ description: 'Empty: the envelope says it all.' })
export class EmptyDto {
  [key: string]: never;
}

/** A model as the server holds it. */
export class ModelHealthDto {
  @ApiProperty({ example: 'titanic-survival' })
  name: string;

  @ApiProperty({ description: 'Whether it has answered its own examples and can be asked.' })
  ready: boolean;

  @ApiProperty({ type: ['string', 'null'] as never, description: 'Run it is served with.' })
  run_id: string | null;

  @ApiProperty({ type: ['string', 'null'] as never, description: 'What computes it.', example: 'onnxruntime-cpu' })
  backend: string | null;

  @ApiProperty({ type: ['string', 'null'] as never, description: "SHA-256 of the run's artifact." })
  sha256: string | null;

  @ApiProperty({ type: ['string', 'null'] as never, format: 'date-time', description: 'When it was loaded.' })
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

  @ApiProperty({ type: [ModelHealthDto] })
  models: ModelHealthDto[];
}
