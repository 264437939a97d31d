import { ApiProperty } from '@nestjs/swagger';

/** What a loaded run takes of the memory of one server process. */
export class MemoryUseDto {
  @ApiProperty({
    type: 'integer',
    description: 'Bytes of all copies, as measured or estimated; weights that processes share count in parts.',
    example: 1_048_576,
  })
  bytes: number;

  @ApiProperty({ type: 'integer', description: 'Threads that hold it.', example: 1 })
  copies: number;

  @ApiProperty({ description: 'Whether the copies share one mapped file of weights.', example: false })
  shared: boolean;
}
