import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

import { SourceReadingDto } from '../../http/dto/source-reading.dto.js';
import { OptionalBody } from '../../http/validation/optional-body.decorator.js';
import { IsLine, IsText, ONE_LINE, RejectUnknownMembers } from '../../http/validation/pydantic-v1-rules.js';
import { HISTORY_EVENTS, POLICY } from '../../domain/model-state.js';
import type { Pin } from '../../domain/model-state.js';

const RUN = 'titanic-rule-baseline-001';
const AT = '2026-01-31T12:00:00.000Z';
const BY = {
  description:
    'Who decided, for the history; `admin` unless given. `policy` stands for the server itself and is not accepted.',
  minLength: 1,
  maxLength: 100,
  pattern: ONE_LINE,
  example: 'Ada',
} as const;
const REASON = {
  description: 'Why, in one line; for the history.',
  minLength: 1,
  maxLength: 500,
  pattern: ONE_LINE,
} as const;

/** What the history says when a person gives no reason. */
export const NO_REASON = 'No reason given.';

/** Why a person goes back to the run that served before; in a hurry, nothing at all. */
@OptionalBody()
@RejectUnknownMembers()
export class RollbackRequestDto {
  @ApiPropertyOptional({
    ...REASON,
    description: `Why, in one line, for the history; \`${NO_REASON}\` unless given.`,
    example: 'Too many complaints.',
  })
  @IsLine({ optional: true, minLength: 1, maxLength: 500 })
  reason?: string;

  @ApiPropertyOptional(BY)
  @IsLine({ optional: true, minLength: 1, maxLength: 100, taken: POLICY })
  by?: string;
}

/** What is to be tried again when the store is polled; without a body nothing special. */
@OptionalBody()
@RejectUnknownMembers()
export class RefreshRequestDto {
  @ApiPropertyOptional({
    description:
      'A run that hung, crashed or took too much memory when it was tried, or failed in service: what is remembered of that is forgotten, and it is tried again.',
    example: RUN,
  })
  @IsText({ optional: true, minLength: 1 })
  retry?: string;
}

/** The run that a person wants served, and why. */
@RejectUnknownMembers()
export class PinRequestDto {
  @ApiProperty({ description: 'The run.', example: RUN })
  @IsText({ minLength: 1 })
  run_id: string;

  @ApiProperty({ ...REASON, example: 'For the audit in May.' })
  @IsLine({ minLength: 1, maxLength: 500 })
  reason: string;

  @ApiPropertyOptional(BY)
  @IsLine({ optional: true, minLength: 1, maxLength: 100, taken: POLICY })
  by?: string;
}

/** Who takes a pin off. */
export class UnpinQueryDto {
  @ApiPropertyOptional(BY)
  @IsLine({ optional: true, minLength: 1, maxLength: 100, taken: POLICY })
  by?: string;
}

/** A person's choice that overrides the policy. */
export class PinDto {
  @ApiProperty({ description: 'The run.', example: RUN })
  run_id: string;

  @ApiProperty({ description: 'Reason given by that person.', example: 'For the audit in May.' })
  reason: string;

  @ApiProperty({ description: 'Name given by that person.', example: 'Ada' })
  by: string;

  @ApiProperty({ format: 'date-time', description: 'When.', example: AT })
  at: string;
}

/** A pin as the API shows it; the location of its run is internal. */
export function toPinDto({ run_id, reason, by, at }: Pin): PinDto {
  return { run_id, reason, by, at };
}

/** What serves a model after a person changed it. */
export class ServedDto {
  @ApiProperty({ description: 'The model.', example: 'titanic-survival' })
  model: string;

  @ApiProperty({ type: String, nullable: true, description: 'Run that serves now.', example: RUN })
  run_id: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Hash of its contract.', example: '0123456789abcdef' })
  contract: string | null;

  @ApiProperty({ type: PinDto, nullable: true, description: 'The pin; null when the policy chooses.' })
  pin: PinDto | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'Why that could not be written down, as in `/health`: it holds in the memory of this process alone, until it ends. null when it was.',
    example: null,
  })
  state_problem: string | null;
}

/** What a refresh did to one model. */
class RefreshedModelDto {
  @ApiProperty({ description: 'The model.', example: 'titanic-survival' })
  model: string;

  @ApiProperty({ type: String, nullable: true, description: 'Run that serves now; null when none can.', example: RUN })
  run_id: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Run that served before; null when none did, or when nothing changed.',
    example: 'titanic-logistic-001',
  })
  previous_run_id: string | null;
}

/** What a refresh did. */
export class RefreshDto {
  @ApiProperty({ type: [RefreshedModelDto], description: 'Every model, in the order of `/models`.' })
  models: RefreshedModelDto[];

  @ApiProperty({ type: [SourceReadingDto], description: 'What was polled, in the order of `SOURCES`.' })
  sources: SourceReadingDto[];
}

/** One thing that happened to the run that serves a model. */
class HistoryEventDto {
  @ApiProperty({ format: 'date-time', description: 'When.', example: AT })
  at: string;

  @ApiProperty({ enum: HISTORY_EVENTS, enumName: 'HistoryEvent', description: 'What.', example: 'promoted' })
  event: string;

  @ApiProperty({
    description: 'The run the event is about: the one that has served since, or that was rejected.',
    example: RUN,
  })
  run_id: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Run that served before, and still does after a rejection.',
    example: 'titanic-logistic-001',
  })
  previous_run_id: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: "Hash of the run's contract; null where it does not matter.",
    example: '0123456789abcdef',
  })
  contract: string | null;

  @ApiProperty({ description: 'Why.', example: 'It has the highest f1 of 4 runs: 0.7555.' })
  reason: string;

  @ApiProperty({ description: '`policy`, or who did it.', example: 'policy' })
  by: string;
}

/** What happened to a model. */
export class HistoryDto {
  @ApiProperty({ type: [HistoryEventDto], description: 'Newest first; the last 200.' })
  history: HistoryEventDto[];
}

/** What became of a hint that something has changed. */
export class HintDto {
  @ApiProperty({ description: 'The store will be polled.', example: true })
  accepted: boolean;
}
