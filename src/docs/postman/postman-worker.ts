import { parentPort, workerData } from 'node:worker_threads';

import Converter from 'openapi-to-postmanv2';

import type { OpenApiDocument } from '../openapi/openapi-types.js';
import { finishCollection } from './finish-collection.js';
import type { PostmanCollection } from './postman-types.js';

/** What the thread answers: the collection as JSON, because a large object would take the other thread's time. */
export type ConversionMessage = { readonly collection: string } | { readonly failure: string };

const OPTIONS = {
  folderStrategy: 'Tags',
  requestNameSource: 'Fallback',
  // The default is a placeholder, e.g. "<number>".
  parametersResolution: 'Example',
  alwaysInheritAuthentication: true,
};

const text = workerData as string;

Converter.convertV2({ type: 'string', data: text }, OPTIONS, (error, conversion) => {
  const collection = conversion?.output?.[0]?.data as PostmanCollection | undefined;
  if (error || !collection) return answer({ failure: error?.message ?? conversion?.reason ?? 'no collection' });
  // Copies to plain data: methods of the converter's objects cannot be sent between threads.
  const plain = JSON.parse(JSON.stringify(collection)) as PostmanCollection;
  answer({ collection: JSON.stringify(finishCollection(plain, JSON.parse(text) as OpenApiDocument)) });
});

function answer(message: ConversionMessage): void {
  parentPort!.postMessage(message);
}
