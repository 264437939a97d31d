import { ApiProperty } from '@nestjs/swagger';

import { MemoryUseDto } from '../../http/dto/memory-use.dto.js';
import { VerdictDto } from '../../http/dto/verdict.dto.js';
import { RUN_STATUSES } from '../../domain/run.js';
import { RUN_STATES } from '../../registry/state/registered-run.js';

const anyObject = { type: 'object', additionalProperties: true } as const;

/** A run in a list. */
export class RunDto {
  @ApiProperty({ description: 'Identifies the run in the whole store.', example: 'titanic-rule-baseline-001' })
  run_id: string;

  @ApiProperty({ description: 'Model the run belongs to.', example: 'titanic-survival' })
  model: string;

  @ApiProperty({ description: 'Name its trainer gave it.', example: 'rule-baseline' })
  name: string;

  @ApiProperty({ enum: RUN_STATUSES, enumName: 'RunStatus', description: 'How training ended.' })
  status: string;

  @ApiProperty({ type: 'integer', minimum: 1, description: 'Rank among the runs of its model; 1 is the best.' })
  rank: number;

  @ApiProperty({ description: 'Whether its model is served with this run.' })
  is_best: boolean;

  @ApiProperty({
    enum: RUN_STATES,
    description:
      'Where the run is in its life here: `loaded` is in memory because it was asked by its id, `serving` answers for its model.',
  })
  state: string;

  @ApiProperty({ enum: ['onnx', 'tfjs-layers', 'tfjs-graph', 'saved-model'], description: 'Format of its artifact.' })
  format: string;

  @ApiProperty({ format: 'date-time', description: 'When training began.' })
  started_at: string;

  @ApiProperty({
    type: String,
    nullable: true,
    format: 'date-time',
    description: 'When training ended; null if unknown.',
  })
  ended_at: string | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: ['number', 'null'] as never },
    description: 'Metrics on held-out data; null where the trainer had no number.',
    example: { f1: 0.71 },
  })
  metrics: Record<string, number | null>;

  @ApiProperty({ ...anyObject, description: 'Hyper-parameters with their JSON types.', example: { hidden_dim: 443 } })
  params: object;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, description: 'Free tags.', example: {} })
  tags: Record<string, string>;

  @ApiProperty({ type: VerdictDto })
  verdict: VerdictDto;
}

/** What the trial of a run measured, in a process of its own. */
class TrialDto {
  @ApiProperty({
    type: 'integer',
    description:
      'Bytes of resident memory that it needed at most, beside the engine; `TRIAL_MEMORY_BYTES` limits them.',
    example: 4_194_304,
  })
  peak_bytes: number;

  @ApiProperty({
    description: 'Milliseconds to load it; `MODEL_LOAD_TIMEOUT_MS` limits them.',
    example: 12.5,
  })
  load_ms: number;

  @ApiProperty({ description: 'Milliseconds of its quickest call; 0 when it computed nothing.', example: 0.1 })
  call_ms: number;
}

/** One run with everything known of it. */
export class RunDetailDto extends RunDto {
  @ApiProperty({ required: false, description: "The trainer's words on the run.", example: 'The rule of the lesson.' })
  description?: string;

  @ApiProperty({
    ...anyObject,
    description: 'The nested report: overall, class, slices, ….',
    example: { overall: { f1: 0.71 } },
  })
  performance: object;

  @ApiProperty({
    description: 'Hash of the contract clients rely on: fields, types, ranges, and which outputs are returned.',
    example: '0123456789abcdef',
  })
  contract: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: "SHA-256 of the run's artifact; null when its store does not say and it is not loaded.",
    example: '9f86d081884c7d65…',
  })
  sha256: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What computes it; null while it is not loaded.',
    example: 'onnxruntime-cpu',
  })
  backend: string | null;

  @ApiProperty({ type: [String], description: 'What is worth knowing about how it is computed.', example: [] })
  notes: string[];

  @ApiProperty({
    type: MemoryUseDto,
    nullable: true,
    description: 'What it takes of memory; null while it is not loaded.',
  })
  memory: MemoryUseDto | null;

  @ApiProperty({
    type: TrialDto,
    nullable: true,
    description:
      'What its trial measured; null while it is not loaded, and when it was not tried in a process of its own.',
  })
  trial: TrialDto | null;

  @ApiProperty({
    type: String,
    nullable: true,
    format: 'date-time',
    description: 'When it was loaded here; null while it is not.',
  })
  loaded_at: string | null;
}

/** A page of runs. */
export class RunListDto {
  @ApiProperty({ type: [RunDto], description: "Best first; the default model's runs before the others'." })
  runs: RunDto[];

  @ApiProperty({ type: 'integer', description: 'Runs that match, on all pages.' })
  total: number;
}
