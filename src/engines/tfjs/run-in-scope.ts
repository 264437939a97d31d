import * as tf from '@tensorflow/tfjs-core';

import type { NamedTensors, Tensor } from '../../domain/tensor.js';
import { fromTfjs, toTfjs } from './tfjs-tensors.js';

/** What computes: tensors by input name in, tensors in the order of `outputNames` out. */
type TfjsRun = (feed: ReadonlyMap<string, tf.Tensor>, outputNames: readonly string[]) => Promise<readonly tf.Tensor[]>;

/**
 * Runs a model on our tensors and disposes of every tensor made on the way, also after an error. Not `tf.tidy`,
 * because a run may wait; so only one may be under way in a thread (`enqueue`).
 */
export async function runInScope(
  run: TfjsRun,
  inputs: NamedTensors,
  outputNames: readonly string[],
): Promise<NamedTensors> {
  tf.engine().startScope();
  try {
    const feed = new Map([...inputs].map(([name, tensor]) => [name, toTfjs(tensor)]));
    const results = await run(feed, outputNames);
    const outputs = new Map<string, Tensor>();
    for (const [i, name] of outputNames.entries()) outputs.set(name, await fromTfjs(results[i]!));
    return outputs;
  } finally {
    tf.engine().endScope();
  }
}
