import * as tf from '@tensorflow/tfjs-core';

/**
 * Replaces the gradient of looking up rows of a matrix (embeddings). TensorFlow.js compares every word of the vocabulary
 * with every token of the batch, which takes minutes an epoch; adding each token's gradient to its row takes milliseconds.
 *
 * Only for a matrix [words, size] looked up along axis 0.
 */
export function useFastEmbeddingGradient(): void {
  tf.unregisterGradient('GatherV2');
  tf.registerGradient({
    kernelName: 'GatherV2',
    inputsToSave: ['x', 'indices'],
    gradFunc: (dy, saved) => {
      const [matrix, indices] = saved as [tf.Tensor2D, tf.Tensor];
      const size = matrix.shape[1];
      const tokens = indices.dataSync();
      const given = (dy as tf.Tensor).dataSync();
      return {
        x: () => {
          const sums = new Float32Array(matrix.size);
          tokens.forEach((token, row) => {
            for (let i = 0; i < size; i++) sums[token * size + i]! += given[row * size + i]!;
          });
          return tf.tensor2d(sums, matrix.shape);
        },
        indices: () => indices,
      };
    },
  });
}
