import { ApiProperty } from '@nestjs/swagger';

import { VERDICT_FIX, WARNING_FIX } from '../../domain/verdict.js';
import type { Verdict } from '../../domain/verdict.js';

/** Why a run may not be chosen. */
class VerdictReasonDto {
  @ApiProperty({
    enum: Object.keys(VERDICT_FIX),
    enumName: 'VerdictCode',
    description: 'The reason as a word for programs.',
  })
  code: string;

  @ApiProperty({ description: 'What was found in this run.', example: "The run's status is FAILED." })
  message: string;

  @ApiProperty({ description: 'What its owner can do.', example: VERDICT_FIX.STATUS_NOT_FINISHED })
  fix: string;
}

/** What is worth knowing of a run that may be chosen. */
class WarningDto {
  @ApiProperty({
    enum: Object.keys(WARNING_FIX),
    enumName: 'WarningCode',
    description: 'What it is about, as a word for programs.',
  })
  code: string;

  @ApiProperty({ description: 'What was found in this run.', example: 'The run has one example.' })
  message: string;

  @ApiProperty({ description: 'What its owner can do.', example: WARNING_FIX.EXAMPLES_FEW })
  fix: string;
}

/** Whether a run may be chosen as the best one. */
export class VerdictDto {
  @ApiProperty({ description: 'Whether the run may be chosen.', example: true })
  eligible: boolean;

  @ApiProperty({ type: [VerdictReasonDto], description: 'Why not; empty when it may.', example: [] })
  reasons: VerdictReasonDto[];

  @ApiProperty({
    type: [WarningDto],
    description: 'What is worth knowing but is no reason to reject the run; known once the run has been loaded.',
    example: [],
  })
  warnings: WarningDto[];
}

/** A verdict as clients see it. */
export function toVerdictDto({ eligible, reasons, warnings }: Verdict): VerdictDto {
  return { eligible, reasons: [...reasons], warnings: [...warnings] };
}
