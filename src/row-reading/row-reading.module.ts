import { availableParallelism } from 'node:os';

import { Logger, Module } from '@nestjs/common';

import { RowReader } from './row-reader.js';

/** Threads that read bodies: one, or two where there are cores for them. */
const MAX_THREADS = 2;

/** Provides what reads large bodies: threads, once there is one. */
@Module({ providers: [{ provide: RowReader, useFactory: createRowReader }], exports: [RowReader] })
export class RowReadingModule {}

function createRowReader(): RowReader {
  const logger = new Logger(RowReader.name);
  return new RowReader({
    threads: Math.max(1, Math.min(MAX_THREADS, availableParallelism() >> 1)),
    onLost: (cause) =>
      logger.warn(
        { event: 'thread-lost', cause },
        'a thread that reads large bodies was lost: another one takes its place',
      ),
  });
}
