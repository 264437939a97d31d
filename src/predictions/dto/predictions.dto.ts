import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

import {
  IsListOf,
  IsNameList,
  IsOneOf,
  IsRowList,
  IsText,
  IsTextList,
  RejectUnknownMembers,
  TakesOneOf,
} from '../../http/validation/pydantic-v1-rules.js';

const anyRows = { type: 'array', items: { type: 'object', additionalProperties: true } } as const;

/** Where a request has its rows: as objects, or as lists of values under the names of their columns. */
const ROWS = [['inputs'], ['columns', 'data']] as const;

/** Columns that a request may name. */
export const MAX_COLUMNS = 10_000;

/** How output rows may be written. */
export const ANSWER_SHAPES = ['rows', 'columns'] as const;

/** Rows to predict: `inputs`, or `columns` and `data`. */
@RejectUnknownMembers()
@TakesOneOf(...ROWS)
export class PredictionsRequestDto {
  @ApiPropertyOptional({
    ...anyRows,
    minItems: 1,
    description: "Input rows; each follows the model's contract. Or send `columns` and `data`.",
    example: [{ age: 10, sex: 'M' }],
  })
  @IsRowList({ optional: true })
  inputs?: unknown[];

  @ApiPropertyOptional({
    type: [String],
    minItems: 1,
    maxItems: MAX_COLUMNS,
    uniqueItems: true,
    description:
      'In place of `inputs`, together with `data`: the fields of the rows, in the order of their values. It is the form ' +
      'that `DataFrame.to_json(orient="split", index=False)` gives, shorter and quicker to read, most of all for rows of many fields.',
  })
  @IsNameList({ optional: true, maxItems: MAX_COLUMNS })
  columns?: string[];

  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'array', items: {} },
    minItems: 1,
    description: 'With `columns`: rows, each a list of one value per column.',
  })
  @IsRowList({ optional: true })
  data?: unknown[];

  @ApiPropertyOptional({
    enum: ANSWER_SHAPES,
    description:
      '`rows` unless given; `columns` writes `predictions` as `{"columns": […], "data": [[…], …]}` in place of a list of objects.',
  })
  @IsOneOf(ANSWER_SHAPES, { optional: true })
  shape?: (typeof ANSWER_SHAPES)[number];

  @ApiPropertyOptional({
    type: [String],
    description:
      'What to add: output fields that are given on request only, e.g. `probabilities`, or `notes` about each input row.',
    example: [],
  })
  @IsTextList({ optional: true })
  include?: string[];
}

/** Rows to predict with a model or a run that the body names; the default model otherwise. */
@RejectUnknownMembers()
@TakesOneOf(...ROWS)
export class AnyPredictionsRequestDto extends PredictionsRequestDto {
  @ApiPropertyOptional({ description: 'Name of the model.', example: 'titanic-survival' })
  @IsText({ optional: true })
  model?: string;

  @ApiPropertyOptional({
    description: "A run's id, to predict with it instead of the best run.",
    example: 'titanic-rule-baseline-001',
  })
  @IsText({ optional: true })
  run_id?: string;
}

/** What is worth knowing of an input row. It was answered all the same. */
export class RowNoteDto {
  @ApiProperty({
    type: [String],
    description: 'Fields whose value lies outside what training saw (`x-observed` of the field); never a rule.',
    example: ['age'],
  })
  outside_training: readonly string[];

  @ApiProperty({
    type: [String],
    description: 'Names in the row that the model does not have: they were ignored.',
    example: [],
  })
  unknown_fields: readonly string[];
}

/** Predictions, one per input row, in the same order. */
export class PredictionsDto {
  @ApiProperty({ description: 'The model.', example: 'titanic-survival' })
  model: string;

  @ApiProperty({ description: 'Run that computed them.', example: 'titanic-rule-baseline-001' })
  run_id: string;

  @ApiProperty({
    ...anyRows,
    description:
      'Output rows, in the order of the inputs; `{"columns": […], "data": [[…], …]}` to a request whose `shape` is `columns`.',
    example: [{ survived: 0, probability: 0.16 }],
  })
  predictions: object[];

  @ApiPropertyOptional({
    type: [RowNoteDto],
    description: 'Only when `include` names `notes`: one per input row, in the same order.',
  })
  notes?: RowNoteDto[];
}

/** One text to classify. */
class TextDto {
  @ApiProperty({
    minLength: 1,
    description: 'The text.',
    example: 'Transfer learning with transformers for self-supervised learning.',
  })
  @IsText({ minLength: 1 })
  text: string;
}

/** Texts to classify. */
export class PredictPayload {
  @ApiProperty({
    type: [TextDto],
    minItems: 1,
    description: 'Texts; unknown fields beside them are ignored.',
    example: [
      { text: 'Transfer learning with transformers for self-supervised learning.' },
      { text: 'Generative adversarial networks in both PyTorch and TensorFlow.' },
    ],
  })
  @IsListOf(() => TextDto, { emptyMessage: 'List of texts to classify cannot be empty.' })
  texts: TextDto[];
}
