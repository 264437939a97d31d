import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import type { ConversionMessage } from './postman-worker.js';

const WORKER = 'postman-worker.js';
const TIMEOUT_MS = 60_000;

/**
 * Makes a Postman collection of an OpenAPI document, in a thread that ends with it: the converter blocks for half a
 * second and takes more memory than a server should keep for it.
 *
 * @returns the collection as JSON, without the variable for the server's address.
 * @throws when the converter refuses the document or takes longer than a minute.
 */
export async function convertToPostman(document: string): Promise<string> {
  // Discards what the converter prints about unusual names: it is no line of the log.
  const worker = new Worker(workerFile(), { workerData: document, stdout: true, stderr: true });
  try {
    const message = await firstMessage(worker);
    if ('failure' in message) throw new Error(`The Postman collection could not be made: ${message.failure}`);
    return message.collection;
  } finally {
    void worker.terminate();
  }
}

function firstMessage(worker: Worker): Promise<ConversionMessage> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('The Postman collection took too long.')), TIMEOUT_MS);
    worker.once('message', resolve).once('error', reject);
    worker.once('exit', () => {
      clearTimeout(timer);
      reject(new Error('The thread that makes the Postman collection ended.'));
    });
  });
}

/** The worker's compiled file. Threads cannot run TypeScript: under Jest it is the one in dist/. */
function workerFile(): string {
  const compiled = join(__dirname, WORKER);
  return existsSync(compiled) ? compiled : join(__dirname, '..', '..', '..', 'dist', 'docs', 'postman', WORKER);
}
