import { ApiProperty } from '@nestjs/swagger';

import { VERDICT_FIXES } from '../../domain/verdict.js';

/** Why a run may not be chosen. */
export class VerdictReasonDto {
  @ApiProperty({
    enum: Object.keys(VERDICT_FIXES),
    enumName: 'VerdictCode',
    description: 'The reason as a word for programs.',
  })
  code: string;

  @ApiProperty({ description: 'What was found in this run.', example: "The run's status is FAILED." })
  message: string;

  @ApiProperty({ description: 'What its owner can do.', example: VERDICT_FIXES.STATUS_NOT_FINISHED })
  fix: string;
}

/** Whether a run may be chosen as the best one. */
export class VerdictDto {
  @ApiProperty({ description: 'Whether the run may be chosen.', example: true })
  eligible: boolean;

  @ApiProperty({ type: [VerdictReasonDto], description: 'Why not; empty when it may.', example: [] })
  reasons: VerdictReasonDto[];
}
