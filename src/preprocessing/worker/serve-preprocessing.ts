import type { MessagePort } from 'node:worker_threads';

import { RunError } from '../../domain/verdict.js';
import type {
  PreprocessRelease,
  PreprocessReply,
  PreprocessRequest,
  PreprocessResult,
  PreprocessStep,
} from '../preprocess-messages.js';
import { openImage } from './image-step.js';
import { throwIfAbandoned } from './run-step.js';
import type { RunStep } from './run-step.js';
import { openTokenizer } from './tokenizer-step.js';

/** Main loop of a preprocessing thread, which is sent one request at a time. */
export function servePreprocessing(port: MessagePort): void {
  const runs = new Map<number, readonly RunStep[]>();
  port.on('message', (request: PreprocessRequest | PreprocessRelease) => {
    if (request.kind === 'release') return void runs.delete(request.run);
    void answer(runs, request)
      .catch(toReply)
      .then((reply) => port.postMessage(reply, reply.kind === 'done' ? buffersOf(reply.results) : []));
  });
}

async function answer(runs: Map<number, readonly RunStep[]>, request: PreprocessRequest): Promise<PreprocessReply> {
  const { run } = request;
  if (request.kind === 'open') {
    runs.set(run, await Promise.all(request.steps.map((step) => openStep(step, request.folder))));
    return { kind: 'done', results: [] };
  }
  const requireWanted = () => throwIfAbandoned(request.abandoned);
  const results: PreprocessResult[] = [];
  for (const [i, step] of runs.get(run)!.entries()) results.push(await step(request.texts[i]!, requireWanted));
  return { kind: 'done', results };
}

function openStep(step: PreprocessStep, folder: string): Promise<RunStep> {
  const { encoding } = step;
  return encoding.kind === 'image' ? openImage(encoding, step) : openTokenizer(encoding, step, folder);
}

function toReply(error: unknown): PreprocessReply {
  if (error instanceof RunError) return { kind: 'problem', code: error.code, message: error.message };
  return { kind: 'failed', cause: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** Tensors of numbers move to the main thread instead of being copied. */
function buffersOf(results: readonly PreprocessResult[]): ArrayBuffer[] {
  return results.flatMap(({ tensors }) =>
    tensors.flatMap(([, { data }]) => (Array.isArray(data) ? [] : [data.buffer as ArrayBuffer])),
  );
}
