/** Entry of an inference thread; the pool starts it by its file name. */
import { parentPort } from 'node:worker_threads';

import { EngineCatalog } from '../engine-catalog.js';
import { serveEngine } from './serve-engine.js';

if (!parentPort) throw new Error('inference-worker.js runs in a worker thread only');
serveEngine(parentPort, new EngineCatalog());
