import type * as tf from '@tensorflow/tfjs-core';

import type { TensorInfo } from '../inference-engine.js';

/** A model of TensorFlow.js on one backend, whatever its format. */
export interface RunnableModel {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** As in `ModelInfo`. */
  readonly hasFixedSizes?: boolean;
  /** Gives the outputs in the order asked for. The caller disposes of every tensor that this makes. */
  readonly run: (feed: ReadonlyMap<string, tf.Tensor>, outputNames: readonly string[]) => Promise<readonly tf.Tensor[]>;
  readonly dispose: () => void;
}
