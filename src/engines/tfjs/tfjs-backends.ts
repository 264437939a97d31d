import * as tf from '@tensorflow/tfjs-core';

import { nativeTensorflow } from './native-package.js';

/** The backends of TensorFlow.js we know, under the names it registers them by. */
export type TfjsBackend = 'tensorflow' | 'wasm' | 'cpu';

/** What `ModelInfo.backend` says of each. */
export const BACKEND_TITLE: Record<TfjsBackend, string> = {
  tensorflow: 'tfjs-native',
  wasm: 'tfjs-wasm',
  cpu: 'tfjs-cpu',
};

/** Backends to try for a model, the fastest first. */
export function backendCandidates(): readonly TfjsBackend[] {
  return nativeTensorflow() ? ['tensorflow', 'wasm', 'cpu'] : ['wasm', 'cpu'];
}

/**
 * Makes a backend the one that computes. It holds for the whole thread, so every call of a model says which it wants.
 *
 * @returns whether the backend works here.
 */
export async function useBackend(backend: TfjsBackend): Promise<boolean> {
  // Without this TensorFlow.js prints advertisements and checks its own work twice.
  tf.enableProdMode();
  if (tf.getBackend() === backend) return true;
  if (backend === 'tensorflow' && !nativeTensorflow()) return false;
  if (backend === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
  if (backend === 'cpu') await import('@tensorflow/tfjs-backend-cpu');
  return tf.setBackend(backend).catch(() => false);
}

let lastTask: Promise<unknown> = Promise.resolve();

/** Runs works one after the other: the backend and the scope of tensors belong to the thread, not to a call. */
export function enqueue<T>(work: () => Promise<T>): Promise<T> {
  const task = lastTask.then(work, work);
  lastTask = task.catch(() => undefined);
  return task;
}
