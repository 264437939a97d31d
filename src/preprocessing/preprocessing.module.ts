import { Logger, Module } from '@nestjs/common';

import { Preprocessor } from './preprocessor.js';

/** Provides what turns images and texts into tensors: a thread, once a run needs it. */
@Module({
  providers: [{ provide: Preprocessor, useFactory: createPreprocessor }],
  exports: [Preprocessor],
})
export class PreprocessingModule {}

function createPreprocessor(): Preprocessor {
  const logger = new Logger(Preprocessor.name);
  return new Preprocessor({ onLost: (cause) => logger.warn({ cause }, 'thread-lost') });
}
