import { ApiProperty, ApiSchema } from '@nestjs/swagger';

import { MemoryUseDto } from '../../http/dto/memory-use.dto.js';
import { SourceReadingDto } from '../../http/dto/source-reading.dto.js';
import { VERSION } from '../../version.js';

/** Nothing to say beyond the envelope. */
@ApiSchema({ description: 'Empty: the envelope holds everything.' })
export class EmptyDto {
  [key: string]: never;
}

/** How a figure is distributed. */
class PercentilesDto {
  @ApiProperty({ description: 'Half of the predictions were at or below.', example: 0.31 })
  p50: number;

  @ApiProperty({ description: 'Nine of ten were at or below.', example: 0.52 })
  p90: number;

  @ApiProperty({ description: '99 of 100 were at or below.', example: 1.4 })
  p99: number;
}

/** Where the time of a model's recent predictions went; the same parts as in `Server-Timing`. */
export class ModelTimingsDto {
  @ApiProperty({ description: 'Predictions that were measured, of the last one to two minutes.', example: 1200 })
  predictions: number;

  @ApiProperty({ description: 'Reading the body as JSON, milliseconds.' })
  parse_ms: PercentilesDto;

  @ApiProperty({ description: 'Checking rows against the contract and making tensors of them, milliseconds.' })
  validate_ms: PercentilesDto;

  @ApiProperty({ description: 'Waiting for a thread, milliseconds.' })
  queue_ms: PercentilesDto;

  @ApiProperty({ description: 'The call of the model, to its thread and back, milliseconds.' })
  infer_ms: PercentilesDto;

  @ApiProperty({ description: 'Writing the answer, milliseconds.' })
  serialise_ms: PercentilesDto;

  @ApiProperty({ description: 'All of it, milliseconds.' })
  total_ms: PercentilesDto;

  @ApiProperty({ description: 'Rows that shared a call of the model.' })
  batch_rows: PercentilesDto;
}

/** The memory of this server process. */
export class ServerMemoryDto {
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: "Bytes that models may take: this process' share of `MODEL_MEMORY_BYTES`; null without limit.",
    example: 671_088_640,
  })
  models_limit_bytes: number | null;

  @ApiProperty({
    type: 'integer',
    description: 'Bytes that models take, those asked by run id included.',
    example: 3_145_728,
  })
  models_bytes: number;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description:
      'Bytes of the process that are in memory now, mapped files included; null when the system does not say.',
    example: 170_000_000,
  })
  process_bytes: number | null;
}

/** A model as the server holds it. */
export class ModelHealthDto {
  @ApiProperty({ description: 'Name of the model.', example: 'titanic-survival' })
  name: string;

  @ApiProperty({
    description: 'Whether it has answered its own examples and there are threads to compute its predictions.',
  })
  ready: boolean;

  @ApiProperty({
    enum: ['serving', 'loading', 'checking', 'unavailable'],
    description:
      '`loading`: a run is being loaded and tried; `checking`: the files of a run are being read; `unavailable`: no run can be served. A model that serves stays `serving`.',
    example: 'serving',
  })
  state: string;

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

  @ApiProperty({
    type: MemoryUseDto,
    nullable: true,
    description: 'What it takes of memory; null when nothing is loaded.',
  })
  memory: MemoryUseDto | null;

  @ApiProperty({
    type: ModelTimingsDto,
    nullable: true,
    description: 'Where the time of its recent predictions went; null when there were none.',
  })
  timings: ModelTimingsDto | null;
}

/** A run whose files are being read. */
export class RunCheckDto {
  @ApiProperty({ description: 'Where the run lies in its store.', example: 'titanic-survival/runs/boosting' })
  location: string;

  @ApiProperty({ format: 'date-time', description: 'When it was begun.' })
  started_at: string;

  @ApiProperty({ description: 'Read so far, bytes.', example: 1_073_741_824 })
  bytes: number;

  @ApiProperty({ description: 'All its files, bytes; 0 while that is not known.', example: 4_294_967_296 })
  total_bytes: number;
}

/** The threads that compute predictions. */
export class ThreadCountsDto {
  @ApiProperty({ description: 'As many as there should be (`INFERENCE_THREADS`).', example: 3 })
  configured: number;

  @ApiProperty({ description: 'Those that take work.', example: 3 })
  working: number;

  @ApiProperty({
    description: 'Those that compute a prediction that does not end; others work in their place.',
    example: 0,
  })
  stuck: number;
}

/** Parts of a server of which something may not be as it should. */
const HEALTH_PROBLEM_PARTS = ['threads', 'store', 'model', 'card', 'source', 'state'] as const;
export type HealthProblemPart = (typeof HEALTH_PROBLEM_PARTS)[number];

/** Something that is not as it should be. */
export class HealthProblemDto {
  @ApiProperty({
    enum: HEALTH_PROBLEM_PARTS,
    description:
      '`model`: no run of it serves; `card`: the card.json of a folder cannot be used; `source`: it cannot be read; `state`: pins and history cannot be written or read; `store`: there are no models, or not the default one; `threads`: so many hang that no more are started.',
    example: 'model',
  })
  part: HealthProblemPart;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Name of the model, the folder of the card or the source; null for the others.',
    example: 'titanic-survival',
  })
  name: string | null;

  @ApiProperty({
    description: "A sentence; of a model the code and message of its best run's verdict.",
    example: 'RUN_FILE_MISSING: There is no readable run.json in the run folder.',
  })
  message: string;
}

/** What is loaded and since when. */
export class HealthDto {
  @ApiProperty({
    enum: ['ok', 'degraded', 'draining'],
    description:
      '`degraded`: something is not as it should be, and `problems` says what; `draining`: the server is shutting down.',
  })
  status: string;

  @ApiProperty({ type: [HealthProblemDto], description: 'Every reason for `degraded`; empty when there is none.' })
  problems: HealthProblemDto[];

  @ApiProperty({ description: 'Version of the server.', example: VERSION })
  version: string;

  @ApiProperty({
    description: 'Seconds since the server was started; what `npm start` installs and builds before does not count.',
    example: 12.5,
  })
  uptime_seconds: number;

  @ApiProperty({ type: ServerMemoryDto, description: 'What models take of memory, and may take.' })
  memory: ServerMemoryDto;

  @ApiProperty({ type: ThreadCountsDto, nullable: true, description: 'The threads that compute.' })
  threads: ThreadCountsDto | null;

  @ApiProperty({ type: [ModelHealthDto], description: 'Every model of the store, the default one first.' })
  models: ModelHealthDto[];

  @ApiProperty({ type: [SourceReadingDto], description: 'Where runs come from, in the order of `SOURCES`.' })
  sources: SourceReadingDto[];

  @ApiProperty({ type: [RunCheckDto], description: 'Runs whose files are being read, to check their digests.' })
  checks: RunCheckDto[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why pins and history cannot be written or read now; null when they can.',
    example: null,
  })
  state_problem: string | null;
}
