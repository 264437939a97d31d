import { ApiProperty } from '@nestjs/swagger';

import { VerdictDto } from '../../common/dto/verdict.dto.js';
import { MODEL_TASKS } from '../../domain/card.js';

const anyObject = { type: 'object', additionalProperties: true } as const;

/** Addresses of what belongs to a model. */
export class ModelLinksDto {
  @ApiProperty({ example: '/models/titanic-survival' })
  self: string;

  @ApiProperty({ example: '/models/titanic-survival/predictions' })
  predictions: string;

  @ApiProperty({ example: '/models/titanic-survival/schema' })
  schema: string;

  @ApiProperty({ example: '/models/titanic-survival/selection' })
  selection: string;

  @ApiProperty({ example: '/models/titanic-survival/runs' })
  runs: string;

  @ApiProperty({ example: '/models/titanic-survival/performance' })
  performance: string;

  @ApiProperty({ example: '/models/titanic-survival/params' })
  params: string;
}

/** A model and the run it is served with. */
export class ModelDto {
  @ApiProperty({ description: 'Name in addresses.', example: 'titanic-survival' })
  name: string;

  @ApiProperty({ example: 'Titanic survival' })
  title: string;

  @ApiProperty()
  description: string;

  @ApiProperty({ enum: MODEL_TASKS, enumName: 'ModelTask' })
  task: string;

  @ApiProperty({ description: 'Whether the short routes (/predict, /params, …) use it.' })
  is_default: boolean;

  @ApiProperty({ description: 'Whether it can be asked for predictions now.' })
  ready: boolean;

  @ApiProperty({ type: [String], description: 'Who answers for it.' })
  owners: string[];

  @ApiProperty({ type: ['string', 'null'] as never, description: 'Licence of the model or its data.' })
  licence: string | null;

  @ApiProperty({ type: ['string', 'null'] as never, description: 'Run it is served with; null when none can be.' })
  best_run_id: string | null;

  @ApiProperty({ description: 'Metric its best run is chosen by.', example: 'f1' })
  metric: string;

  @ApiProperty({ type: ['number', 'null'] as never, description: "The best run's value of that metric." })
  value: number | null;

  @ApiProperty({
    type: ['string', 'null'] as never,
    description: 'Hash of the contract clients rely on; it changes when fields, types or ranges do.',
    example: '0123456789abcdef',
  })
  contract: string | null;

  @ApiProperty({ type: 'integer', description: 'Runs in the store.' })
  run_count: number;

  @ApiProperty({ type: ModelLinksDto })
  links: ModelLinksDto;
}

/** All models. */
export class ModelListDto {
  @ApiProperty({ type: [ModelDto], description: 'The default model first, then by name.' })
  models: ModelDto[];
}

/** A bound on a metric. */
export class GuardrailDto {
  @ApiProperty({ example: 'precision' })
  metric: string;

  @ApiProperty({ required: false, example: 0.6 })
  minimum?: number;

  @ApiProperty({ required: false })
  maximum?: number;
}

/** How the owner wants the best run chosen. */
export class SelectionPolicyDto {
  @ApiProperty({ example: 'f1' })
  metric: string;

  @ApiProperty({ enum: ['maximize', 'minimize'] })
  goal: string;

  @ApiProperty({ type: Object, required: false, description: 'Dotted path into the run → the value it must have.', example: {} })
  where?: object;

  @ApiProperty({ type: [GuardrailDto], required: false })
  guardrails?: GuardrailDto[];
}

/** One run in the ranking. */
export class RankedRunDto {
  @ApiProperty({ type: 'integer', minimum: 1 })
  rank: number;

  @ApiProperty()
  run_id: string;

  @ApiProperty()
  name: string;

  @ApiProperty({ type: ['number', 'null'] as never, description: "The run's value of the policy's metric; null when it has none." })
  value: number | null;

  @ApiProperty({ type: VerdictDto })
  verdict: VerdictDto;
}

/** A run folder that could not be read as a run. */
export class UnreadableRunDto {
  @ApiProperty({ description: 'Folder, relative to the store.' })
  place: string;

  @ApiProperty({ type: VerdictDto })
  verdict: VerdictDto;
}

/** Why the best run is the best. */
export class SelectionDto {
  @ApiProperty({ type: SelectionPolicyDto })
  policy: SelectionPolicyDto;

  @ApiProperty({ type: ['string', 'null'] as never, description: 'The winner; null when nothing can be served.' })
  best_run_id: string | null;

  @ApiProperty({ type: [RankedRunDto], description: 'Every run, eligible ones first, best first.' })
  ranking: RankedRunDto[];

  @ApiProperty({ type: [UnreadableRunDto], description: 'Folders that hold no readable run.' })
  unreadable: UnreadableRunDto[];
}

/** What goes in and what comes out, for one row. */
export class ModelSchemaDto {
  @ApiProperty({ ...anyObject, description: 'JSON Schema of one input row.' })
  input: object;

  @ApiProperty({ ...anyObject, description: 'JSON Schema of one output row.' })
  output: object;

  @ApiProperty({ ...anyObject, description: 'An input row with the output the trainer saw.' })
  example: object;

  @ApiProperty({ description: 'Hash of the contract.', example: '0123456789abcdef' })
  contract: string;
}
