import { ApiProperty } from '@nestjs/swagger';

import { VerdictDto } from '../../http/dto/verdict.dto.js';
import { MODEL_TASKS } from '../../domain/card.js';
import { VERDICT_FIX } from '../../domain/verdict.js';
import { PinDto } from './control.dto.js';

const anyObject = { type: 'object', additionalProperties: true } as const;

/** Addresses of what belongs to a model. */
class ModelLinksDto {
  @ApiProperty({ description: 'The model itself.', example: '/models/titanic-survival' })
  self: string;

  @ApiProperty({ description: 'Where to send rows.', example: '/models/titanic-survival/predictions' })
  predictions: string;

  @ApiProperty({ description: 'The contract of one row.', example: '/models/titanic-survival/schema' })
  schema: string;

  @ApiProperty({ description: 'Why its best run is the best.', example: '/models/titanic-survival/selection' })
  selection: string;

  @ApiProperty({ description: 'What happened to the run that serves it.', example: '/models/titanic-survival/history' })
  history: string;

  @ApiProperty({ description: 'Its runs, best first.', example: '/models/titanic-survival/runs' })
  runs: string;

  @ApiProperty({ description: "The best run's report.", example: '/models/titanic-survival/performance' })
  performance: string;

  @ApiProperty({ description: "The best run's parameters.", example: '/models/titanic-survival/params' })
  params: string;
}

/** A model and the run it is served with. */
export class ModelDto {
  @ApiProperty({ description: 'Name in addresses.', example: 'titanic-survival' })
  name: string;

  @ApiProperty({ description: 'Name for people.', example: 'Titanic survival' })
  title: string;

  @ApiProperty({
    description: 'What it predicts, from what, and its limitations.',
    example: 'Whether a passenger survived.',
  })
  description: string;

  @ApiProperty({ enum: MODEL_TASKS, enumName: 'ModelTask', description: 'What kind of prediction it makes.' })
  task: string;

  @ApiProperty({ description: 'Whether the short routes (/predict, /params, …) use it.' })
  is_default: boolean;

  @ApiProperty({ description: 'Whether it can be asked for predictions now.' })
  ready: boolean;

  @ApiProperty({ type: [String], description: 'Who is responsible for it.', example: ['bestrun maintainers'] })
  owners: string[];

  @ApiProperty({ type: String, nullable: true, description: 'Licence of the model or its data.', example: 'MIT' })
  licence: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Run it is served with; null when none can be.',
    example: 'titanic-rule-baseline-001',
  })
  best_run_id: string | null;

  @ApiProperty({ description: 'Metric its best run is chosen by.', example: 'f1' })
  metric: string;

  @ApiProperty({ type: Number, nullable: true, description: "The best run's value of that metric.", example: 0.7555 })
  value: number | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'Hash of the contract clients rely on; it changes when fields, types or ranges do, or which outputs are returned.',
    example: '0123456789abcdef',
  })
  contract: string | null;

  @ApiProperty({ type: 'integer', description: 'Runs in the store.', example: 4 })
  run_count: number;

  @ApiProperty({ type: ModelLinksDto, description: 'Addresses of what belongs to it.' })
  links: ModelLinksDto;
}

/** All models. */
export class ModelListDto {
  @ApiProperty({ type: [ModelDto], description: 'The default model first, then by name.' })
  models: ModelDto[];
}

/** A bound on a metric. */
class GuardrailDto {
  @ApiProperty({ description: 'Name of the metric.', example: 'precision' })
  metric: string;

  @ApiProperty({ required: false, description: 'Least value allowed.', example: 0.6 })
  minimum?: number;

  @ApiProperty({ required: false, description: 'Greatest value allowed.', example: 1 })
  maximum?: number;
}

/** How the owner wants the best run chosen. */
class SelectionPolicyDto {
  @ApiProperty({ description: 'Metric that decides.', example: 'f1' })
  metric: string;

  @ApiProperty({ enum: ['maximize', 'minimize'], description: 'Which direction is better.' })
  goal: string;

  @ApiProperty({
    required: false,
    description: 'Dotted path into the run → the value it must have.',
    example: {},
  })
  where?: object;

  @ApiProperty({ type: [GuardrailDto], required: false, description: 'Bounds that other metrics must keep.' })
  guardrails?: GuardrailDto[];
}

/** One run in the ranking. */
class RankedRunDto {
  @ApiProperty({ type: 'integer', minimum: 1, description: 'Rank; 1 is the best.' })
  rank: number;

  @ApiProperty({ description: 'Identifies the run.', example: 'titanic-rule-baseline-001' })
  run_id: string;

  @ApiProperty({ description: 'Name its trainer gave it.', example: 'rule-baseline' })
  name: string;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: "The run's value of the policy's metric; null when it has none.",
    example: 0.7555,
  })
  value: number | null;

  @ApiProperty({ type: VerdictDto })
  verdict: VerdictDto;
}

/** A run folder that could not be read as a run. */
class UnreadableRunDto {
  @ApiProperty({ description: 'Folder, relative to the store.', example: 'titanic-survival/runs/half-copied' })
  place: string;

  @ApiProperty({
    type: VerdictDto,
    description: 'Why it could not be read.',
    example: {
      eligible: false,
      reasons: [{ code: 'RUN_FILE_MISSING', message: 'There is no run.json.', fix: VERDICT_FIX.RUN_FILE_MISSING }],
      warnings: [],
    },
  })
  verdict: VerdictDto;
}

/** One difference between the contract that clients rely on and that of another run. */
class ContractDifferenceDto {
  @ApiProperty({
    description: "JSON pointer into the refused run's signature; for what that lacks, into the served one's.",
    example: '/input/properties/age/maximum',
  })
  pointer: string;

  @ApiProperty({ enum: ['breaking', 'compatible'], description: 'Whether clients may stop working.' })
  kind: string;

  @ApiProperty({ description: 'In a sentence.', example: 'The input "age": at most 100 now, at most 150 before.' })
  message: string;
}

/** A better run that was not promoted. */
class RefusalDto {
  @ApiProperty({ description: 'The run.', example: 'titanic-neural-net-002' })
  run_id: string;

  @ApiProperty({ type: [ContractDifferenceDto], description: 'What it would break.' })
  differences: ContractDifferenceDto[];
}

/** Why the best run is the best. */
export class SelectionDto {
  @ApiProperty({ type: SelectionPolicyDto })
  policy: SelectionPolicyDto;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The winner; null when nothing can be served.',
    example: 'titanic-rule-baseline-001',
  })
  best_run_id: string | null;

  @ApiProperty({
    description: 'Why this run serves, in a sentence.',
    example: 'It has the highest f1 of 4 runs: 0.7555.',
  })
  why: string;

  @ApiProperty({
    description: 'What a run would need to take over.',
    example: 'A FINISHED run with f1 above 0.7555 (or the same, and started later), and no change that breaks clients.',
  })
  to_win: string;

  @ApiProperty({
    type: PinDto,
    nullable: true,
    description: "A person's choice that overrides the policy.",
    example: null,
  })
  pin: PinDto | null;

  @ApiProperty({
    type: RefusalDto,
    nullable: true,
    description: 'The best run that is better than the served one but would break its clients.',
    example: null,
  })
  refused: RefusalDto | null;

  @ApiProperty({
    type: RankedRunDto,
    nullable: true,
    description: 'The run that serves, on whatever page it is; null when none does, or it is gone from the store.',
  })
  champion: RankedRunDto | null;

  @ApiProperty({
    type: RankedRunDto,
    nullable: true,
    description: 'The pinned run, on whatever page it is; null without a pin, or when it is not in the store.',
    example: null,
  })
  pinned: RankedRunDto | null;

  @ApiProperty({
    type: RankedRunDto,
    nullable: true,
    description: 'The best of the other runs that may serve, on whatever page it is; null when there is none.',
    example: null,
  })
  next: RankedRunDto | null;

  @ApiProperty({ type: [RankedRunDto], description: 'A page of all runs, eligible ones first, best first.' })
  ranking: RankedRunDto[];

  @ApiProperty({
    type: [UnreadableRunDto],
    description: 'Folders that hold no readable run; the pages list them after the last run.',
  })
  unreadable: UnreadableRunDto[];

  @ApiProperty({ type: 'integer', description: 'Runs and unreadable folders of all pages.', example: 4 })
  total: number;

  @ApiProperty({ type: 'integer', description: 'Unreadable folders among them.', example: 0 })
  unreadable_total: number;
}

/** What goes in and what comes out, for one row. */
export class ModelSchemaDto {
  @ApiProperty({ ...anyObject, description: 'JSON Schema of one input row.' })
  input: object;

  @ApiProperty({ ...anyObject, description: 'JSON Schema of one output row.' })
  output: object;

  @ApiProperty({
    ...anyObject,
    description: 'An input row with the output the trainer saw; shortened where it has more than 2,000 characters.',
  })
  example: object;

  @ApiProperty({ description: 'Hash of the contract.', example: '0123456789abcdef' })
  contract: string;
}
