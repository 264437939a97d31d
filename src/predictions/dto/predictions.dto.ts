import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

import {
  IsListOf,
  IsRowList,
  IsText,
  IsTextList,
  RefusesUnknownMembers,
} from '../../http/validation/pydantic-v1-rules.js';

const anyRows = { type: 'array', items: { type: 'object', additionalProperties: true } } as const;

/** Rows to predict. */
@RefusesUnknownMembers()
export class PredictionsRequestDto {
  @ApiProperty({
    ...anyRows,
    minItems: 1,
    description: "Input rows; each follows the model's contract.",
    example: [{ age: 10, sex: 'M' }],
  })
  @IsRowList()
  inputs: unknown[];

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
@RefusesUnknownMembers()
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
    description: 'Output rows, in the order of the inputs.',
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
