import { bytesField, numberField } from '../../../src/engines/onnx/graph/protobuf-file.js';

// Numbers of the fields, from onnx.proto.
const MODEL = { irVersion: 1, graph: 7, opset: 8 };
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 };
const NODE = { input: 1, output: 2, opType: 4 };
const TENSOR = { shape: 1, elementType: 2, floats: 4, name: 8, raw: 9 };
const VALUE = { name: 1, type: 2 };
const FLOAT = 1;

/** How the weights of the model are written. */
interface MatMulOptions {
  /** Matrices that are multiplied one after the other. */
  readonly layers?: number;
  /** Rows and columns of each. */
  readonly size?: number;
  /** `raw` bytes as most exporters write them, or packed `floats`. */
  readonly as?: 'raw' | 'floats';
}

/**
 * An ONNX model `y = relu(… relu(x · w0) · w1 …)` of float32 [rows, size], whose weights are as large as a test wants
 * them: 4 · layers · size² bytes.
 */
export function matMulModel({ layers = 2, size = 160, as = 'raw' }: MatMulOptions = {}): Buffer {
  const names = Array.from({ length: layers + 1 }, (_, i) => (i === 0 ? 'x' : i === layers ? 'y' : `h${i}`));
  const nodes = Array.from({ length: layers }, (_, i) => [
    nodeOf('MatMul', [names[i]!, `w${i}`], `m${i}`),
    nodeOf('Relu', [`m${i}`], names[i + 1]!),
  ]).flat();
  const weights = Array.from({ length: layers }, (_, i) => weightOf(`w${i}`, size, i, as));
  const graph = Buffer.concat([
    ...nodes,
    bytesField(GRAPH.name, Buffer.from('chain')),
    ...weights,
    valueOf(GRAPH.input, 'x', size),
    valueOf(GRAPH.output, 'y', size),
  ]);
  const opset = numberField(2, 17);
  return Buffer.concat([
    numberField(MODEL.irVersion, 8),
    bytesField(MODEL.opset, opset),
    bytesField(MODEL.graph, graph),
  ]);
}

function nodeOf(opType: string, inputs: readonly string[], output: string): Buffer {
  const named = inputs.map((name) => bytesField(NODE.input, Buffer.from(name)));
  const content = [
    ...named,
    bytesField(NODE.output, Buffer.from(output)),
    bytesField(NODE.opType, Buffer.from(opType)),
  ];
  return bytesField(GRAPH.node, Buffer.concat(content));
}

/** Positive and negative numbers whose products neither vanish nor grow. */
function weightOf(name: string, size: number, layer: number, as: 'raw' | 'floats'): Buffer {
  const scale = 2.4 / Math.sqrt(size);
  const values = new Float32Array(size * size);
  for (let i = 0; i < values.length; i += 1) values[i] = (((i * 7919 + layer * 31) % 1009) / 504 - 1) * scale;
  const content = [
    numberField(TENSOR.shape, size),
    numberField(TENSOR.shape, size),
    numberField(TENSOR.elementType, FLOAT),
    bytesField(TENSOR.name, Buffer.from(name)),
    bytesField(as === 'raw' ? TENSOR.raw : TENSOR.floats, Buffer.from(values.buffer)),
  ];
  return bytesField(GRAPH.initializer, Buffer.concat(content));
}

function valueOf(field: number, name: string, size: number): Buffer {
  const rows = bytesField(1, bytesField(2, Buffer.from('rows')));
  const columns = bytesField(1, numberField(1, size));
  const tensor = Buffer.concat([numberField(1, FLOAT), bytesField(2, Buffer.concat([rows, columns]))]);
  return bytesField(
    field,
    Buffer.concat([bytesField(VALUE.name, Buffer.from(name)), bytesField(VALUE.type, bytesField(1, tensor))]),
  );
}
