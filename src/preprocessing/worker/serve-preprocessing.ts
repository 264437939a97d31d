import type { MessagePort } from 'node:worker_threads';

import { RunError } from '../../domain/verdict.js';
import type { PreprocessReply, PreprocessRequest, PreprocessResult, PreprocessStep } from '../preprocess-messages.js';
import { openImage } from './image-step.js';
import type { RunStep } from './image-step.js';
import { openTokenizer } from './tokenizer-step.js';

/** Main loop of the preprocessing thread: answers requests one after the other, so that memory has one bound. */
export function servePreprocessing(port: MessagePort): void {
  const runs = new Map<number, readonly RunStep[]>();
  let last: Promise<void> = Promise.resolve();
  port.on('message', (request: PreprocessRequest) => {
    last = last.then(async () => {
      const reply = await answer(runs, request).catch((error: unknown) => toReply(request.id, error));
      port.postMessage(reply, reply.kind === 'done' ? buffersOf(reply.results) : []);
    });
  });
}

async function answer(runs: Map<number, readonly RunStep[]>, request: PreprocessRequest): Promise<PreprocessReply> {
  const { id, run } = request;
  switch (request.kind) {
    case 'open':
      runs.set(run, await Promise.all(request.steps.map((step) => openStep(step, request.folder))));
      return { kind: 'done', id, results: [] };
    case 'release':
      runs.delete(run);
      return { kind: 'done', id, results: [] };
    case 'run': {
      const results: PreprocessResult[] = [];
      for (const [i, step] of runs.get(run)!.entries()) results.push(await step(request.texts[i]!));
      return { kind: 'done', id, results };
    }
  }
}

function openStep(step: PreprocessStep, folder: string): Promise<RunStep> {
  const { encoding } = step;
  return encoding.kind === 'image' ? openImage(encoding, step) : openTokenizer(encoding, step, folder);
}

function toReply(id: number, error: unknown): PreprocessReply {
  if (error instanceof RunError) return { kind: 'problem', id, code: error.code, message: error.message };
  return { kind: 'failed', id, cause: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** Tensors of numbers move to the main thread instead of being copied. */
function buffersOf(results: readonly PreprocessResult[]): ArrayBuffer[] {
  return results.flatMap(({ tensors }) =>
    tensors.flatMap(([, { data }]) => (Array.isArray(data) ? [] : [data.buffer as ArrayBuffer])),
  );
}
