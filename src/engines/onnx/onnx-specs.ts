import type { InferenceSession } from 'onnxruntime-node';

import type { TensorSpec, UnreadableOutput } from '../../domain/tensor.js';
import { RunError } from '../../domain/verdict.js';
import type { OnnxGraph } from './graph/onnx-graph.js';
import type { FinalZipMap } from './graph/zip-map.js';
import { dtypeOf } from './onnx-tensors.js';

type Metadata = InferenceSession.ValueMetadata;

/** An input as the session tells it. @throws RunError LOAD_FAILED when nothing here can feed it. */
export function inputSpec(metadata: Metadata): TensorSpec {
  const { name } = metadata;
  if (!metadata.isTensor) {
    throw new RunError(
      'LOAD_FAILED',
      `The model's input "${name}" is a sequence, map or optional value, not a tensor.`,
    );
  }
  const dtype = dtypeOf(metadata.type);
  if (!dtype)
    throw new RunError('LOAD_FAILED', `The model's input "${name}" is ${metadata.type}: ${adviceFor(metadata.type)}.`);
  return { name, dtype, shape: shapeOf(metadata) };
}

/**
 * The model's outputs in the order of its graph, under the names that its graph gives them.
 *
 * @param outputs  as the session tells them.
 * @param graph  undefined when the file has another format than ONNX.
 * @param zipMaps  those that were left out of the session.
 */
export function outputSpecs(
  outputs: readonly Metadata[],
  graph: OnnxGraph | undefined,
  zipMaps: readonly FinalZipMap[],
): (TensorSpec | UnreadableOutput)[] {
  if (!graph || zipMaps.length === 0) return outputs.map((metadata) => outputSpec(metadata, graph));
  const byName = new Map(outputs.map((metadata) => [metadata.name, metadata]));
  return graph.outputs.flatMap(({ name }) => {
    const zipMap = zipMaps.find(({ output }) => output.name === name);
    const metadata = byName.get(zipMap?.tensor ?? name);
    if (!metadata) return [];
    const spec = outputSpec(metadata, graph);
    return [{ ...spec, name, ...(zipMap && 'dtype' in spec && { labels: zipMap.labels }) }];
  });
}

function outputSpec(metadata: Metadata, graph: OnnxGraph | undefined): TensorSpec | UnreadableOutput {
  const { name } = metadata;
  if (!metadata.isTensor) return { name, message: `The model's output "${name}" is ${kindOf(name, graph)}` };
  const dtype = dtypeOf(metadata.type);
  if (dtype) return { name, dtype, shape: shapeOf(metadata) };
  return { name, message: `The model's output "${name}" is ${metadata.type}: ${adviceFor(metadata.type)}.` };
}

/** What an output is that is no tensor, and what to do; the rest of a sentence. */
function kindOf(name: string, graph: OnnxGraph | undefined): string {
  const kind = graph?.outputs.find((output) => output.name === name)?.kind ?? 'unknown';
  if (kind === 'unknown' || kind === 'tensor') return 'a sequence, map or optional value, not a tensor.';
  const factory = graph?.nodes.find(({ outputs }) => outputs.includes(name));
  if (!graph || factory?.opType !== 'SequenceConstruct') return `a ${kind}, not a tensor.`;
  const others = graph.outputs.filter((output) => output.kind === 'tensor').map((output) => output.name);
  const names = [...others, ...factory.inputs].map((output) => `"${output}"`).join(', ');
  return (
    `a sequence of ${factory.inputs.length} tensors, which cannot be read: make them outputs of their own, ` +
    `onx = skl2onnx.helpers.onnx_helper.select_model_inputs_outputs(onx, [${names}]), or read the other outputs only.`
  );
}

function adviceFor(type: string): string {
  return type === 'float16' || type === 'bfloat16'
    ? 'cast it to float32 inside the model (converters to float16 do so with keep_io_types=True)'
    : 'cast it to float32 inside the model';
}

function shapeOf({ shape }: Extract<Metadata, { isTensor: true }>): (number | null)[] {
  return shape.map((size) => (typeof size === 'number' ? size : null));
}
