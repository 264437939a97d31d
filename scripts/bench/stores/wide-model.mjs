import { floatValue, model, node, tensor } from './onnx-writer.mjs';
import { randomNumbers } from './heavy-model.mjs';

/** Numbers of features of the models of the wide store. */
export const WIDTHS = [5, 50, 200, 1000];

/** Names of the features: what a table of so many columns might have. */
export const featureNames = (width) => Array.from({ length: width }, (_, i) => `feature_${i}`);

/** A linear model of so many features: input `x` [rows, width], output `y` [rows, 1]. */
export function wideModel(width) {
  const random = randomNumbers(width);
  const weights = Float32Array.from({ length: width }, () => random() - 0.5);
  return model({
    name: `wide-${width}`,
    inputs: [floatValue('x', ['rows', width])],
    outputs: [floatValue('y', ['rows', 1])],
    initializers: [tensor('weights', [width, 1], weights)],
    nodes: [node('MatMul', ['x', 'weights'], ['y'])],
  });
}
