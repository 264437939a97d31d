/** Entry of a thread that reads bodies; it is started by its file name. */
import { parentPort } from 'node:worker_threads';

import { serveReading } from './serve-reading.js';

if (!parentPort) throw new Error('reading-worker.js runs in a worker thread only');
serveReading(parentPort);
