import { ApiProperty } from '@nestjs/swagger';

/** What every answer of the API starts with. */
export class EnvelopeHeadDto {
  @ApiProperty({ description: 'Reason phrase, or for an error the sentence that says what to do.', example: 'OK' })
  message: string;

  @ApiProperty({ description: 'Method of the request.', example: 'GET' })
  method: string;

  @ApiProperty({ name: 'status-code', description: 'The same as the HTTP status.', type: 'integer', example: 200 })
  'status-code': number;

  @ApiProperty({
    description: 'When the answer was written, UTC.',
    format: 'date-time',
    example: '2026-01-31T12:00:00.000Z',
  })
  timestamp: string;

  @ApiProperty({ description: 'Address as requested.', format: 'uri', example: 'http://localhost:5000/' })
  url: string;
}
