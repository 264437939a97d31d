import type { io, Tensor } from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';

import { RunError } from '../../domain/verdict.js';
import type { TensorInfo } from '../inference-engine.js';
import type { RunnableModel } from './runnable-model.js';
import { dtypeOf, shapeOf } from './tfjs-tensors.js';

/**
 * Opens a `tfjs-layers` model on the present backend.
 *
 * @throws RunError KERAS3_LAYERS_MODEL for what Keras 3 saved; the error of TensorFlow.js otherwise.
 */
export async function openLayersModel(artifacts: io.ModelArtifacts): Promise<RunnableModel> {
  const keras3 = keras3Error(artifacts.modelTopology);
  if (keras3) throw keras3;
  const model = await loadLayersModel({ load: () => Promise.resolve(artifacts) });
  // A Sequential model knows its names once it is built, which it puts off to its first prediction.
  if (model.inputNames.length === 0) model.build(null!);
  return {
    inputs: model.inputNames.map((name, i) => tensorInfo(name, model.inputs[i]!)),
    outputs: model.outputNames.map((name, i) => tensorInfo(name, model.outputs[i]!)),
    run: (feed, outputNames) => Promise.resolve(run(model, feed, outputNames)),
    dispose: () => void model.dispose(),
  };
}

// `inputs[i].name` changes with every load in one process (`x`, `x_1`, …); `inputNames` is what the file says.
function tensorInfo(name: string, tensor: SymbolicTensor): TensorInfo {
  return { name, dtype: dtypeOf(tensor.dtype), shape: shapeOf(tensor.shape) };
}

function run(model: LayersModel, feed: ReadonlyMap<string, Tensor>, outputNames: readonly string[]): Tensor[] {
  const inputs = model.inputNames.map((name) => {
    const tensor = feed.get(name);
    if (!tensor) throw new Error(`the input "${name}" was not given`);
    return tensor;
  });
  // predict() would cut the rows into batches of 32.
  const results = [model.predictOnBatch(inputs)].flat();
  return outputNames.map((name) => {
    const result = results[model.outputNames.indexOf(name)];
    if (!result) throw new Error(`the model has no output "${name}"`);
    return result;
  });
}

function keras3Error(topology: unknown): RunError | undefined {
  const { keras_version: version } = topology as { keras_version?: string };
  // `batch_shape` where TensorFlow.js reads `batch_input_shape` is Keras 3 even when the file names no version.
  const isKeras3 = Number.parseInt(version ?? '', 10) >= 3 || JSON.stringify(topology).includes('"batch_shape":');
  if (!isKeras3) return undefined;
  const by = version ? `Keras ${version}` : 'Keras 3';
  return new RunError(
    'KERAS3_LAYERS_MODEL',
    `${by} saved this model, and TensorFlow.js reads layers models of Keras 2 only. ` +
      'Export it with tf_keras (Keras 2), as a graph model with tensorflowjs_converter, or to ONNX with model.export(..., format="onnx").',
  );
}
