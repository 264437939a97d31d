import { inspect } from 'node:util';
import type { MessagePort } from 'node:worker_threads';

import { RunError } from '../../domain/verdict.js';
import type { EngineModel, InferenceEngine } from '../inference-engine.js';
import { computeRows } from './compute-rows.js';
import { lowerThreadPriority } from './lower-thread-priority.js';
import { toPayload, fromPayload } from './messages.js';
import type { Ready, Reply, Request } from './messages.js';

/**
 * Main loop of an inference thread: answers the requests of the main thread with an engine. Requests come one at a
 * time, each after the reply to the one before.
 *
 * The thread sleeps between requests, although waking it is most of the cost of a lone request. Polling for the next
 * one instead (0.25 ms) cuts a round trip between two threads from 62 to 22 µs; but behind HTTP, with the client on the
 * same two cores, a lone request gained nothing (93 and 90 µs), p99 doubled, and the CPU time per request rose by half.
 * The same holds for the main thread.
 */
export function serveEngine(port: MessagePort, engine: InferenceEngine): void {
  const models = new Map<number, EngineModel>();
  port.on('message', (request: Request) => {
    void answer(engine, models, request)
      .catch((error: unknown): Answer => ({ reply: toReply(error) }))
      .then((response) => post(port, response));
  });
  port.on('messageerror', (error) => port.postMessage(toReply(error)));
  port.postMessage({ kind: 'ready' } satisfies Ready);
}

interface Answer {
  readonly reply: Reply;
  readonly transfer?: ArrayBuffer[];
}

async function answer(engine: InferenceEngine, models: Map<number, EngineModel>, request: Request): Promise<Answer> {
  if (request.kind === 'prepare') {
    // What is wrong with the engine is told by the load.
    await engine.prepare?.(request.format).catch(() => undefined);
    return { reply: { kind: 'prepared' } };
  }
  if (request.kind === 'load') {
    const model = await engine.load(request.request);
    models.set(request.model, model);
    return { reply: { kind: 'loaded', info: model.info } };
  }
  const model = models.get(request.model);
  if (!model) throw new Error('the model is not loaded in this thread');
  if (request.kind === 'release') {
    models.delete(request.model);
    await model.dispose();
    return { reply: { kind: 'released' } };
  }
  if (request.lowerPriority) lowerThreadPriority();
  const start = performance.now();
  const outputs = await computeRows(model, fromPayload(request.inputs), request);
  const computeMs = performance.now() - start;
  const { parts, transfer } = toPayload(outputs);
  return { reply: { kind: 'predicted', outputs: parts, computeMs }, transfer };
}

function post(port: MessagePort, { reply, transfer }: Answer): void {
  try {
    port.postMessage(reply, transfer);
  } catch (error) {
    port.postMessage(toReply(error));
  }
}

function toReply(error: unknown): Reply {
  if (!(error instanceof RunError)) return { kind: 'failed', cause: textOf(error) };
  return { kind: 'problem', code: error.code, message: error.message, cause: textOf(error.cause) };
}

function textOf(error: unknown): string {
  if (error === undefined) return '';
  return error instanceof Error ? (error.stack ?? error.message) : inspect(error);
}
