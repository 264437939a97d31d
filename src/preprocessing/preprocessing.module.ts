import { Logger, Module } from '@nestjs/common';

import { AppConfig } from '../config/app-config.js';
import { Preprocessor } from './preprocessor.js';

/** Provides what turns images and texts into tensors: threads, once a run needs them. */
@Module({
  providers: [{ provide: Preprocessor, useFactory: createPreprocessor, inject: [AppConfig] }],
  exports: [Preprocessor],
})
export class PreprocessingModule {}

function createPreprocessor({ inferenceThreads, maxQueuedRequests }: AppConfig): Preprocessor {
  const logger = new Logger(Preprocessor.name);
  return new Preprocessor({
    threads: inferenceThreads,
    maxWaiting: maxQueuedRequests,
    onLost: (cause) =>
      logger.warn(
        { event: 'thread-lost', cause },
        'a thread that prepares images and texts was lost: another one takes its place',
      ),
  });
}
