/** Entry of an inference thread; the pool starts it by its file name. */
import { parentPort, workerData } from 'node:worker_threads';

import { EngineCatalog } from '../engine-catalog.js';
import { lowerThreadPriority } from './lower-thread-priority.js';
import { serveEngine } from './serve-engine.js';

if (!parentPort) throw new Error('inference-worker.js runs in a worker thread only');
if ((workerData as { hasLowPriority?: boolean } | null)?.hasLowPriority) lowerThreadPriority();
serveEngine(parentPort, new EngineCatalog());
