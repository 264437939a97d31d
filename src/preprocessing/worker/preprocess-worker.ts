/** Entry of the preprocessing thread; `Preprocessor` starts it by its file name. */
import { parentPort } from 'node:worker_threads';

import { servePreprocessing } from './serve-preprocessing.js';

if (!parentPort) throw new Error('preprocess-worker.js runs in a worker thread only');
servePreprocessing(parentPort);
