import { parentPort } from 'node:worker_threads';

import { loadSchemaCheck } from '../../schema-check.js';
import { FolderScan } from './scan-folders.js';
import type { ScanRequest } from './scan-messages.js';

const scan = new FolderScan(loadSchemaCheck('run'));

parentPort!.on('message', (request: ScanRequest) => parentPort!.postMessage(scan.scan(request)));
