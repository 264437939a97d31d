import { canUpdate, withGraphEdits } from './edit-graph.js';
import type { GraphEdit } from './edit-graph.js';
import type { GraphNode, GraphValue, OnnxGraph } from './onnx-graph.js';
import { bytesField, numberField } from './protobuf-file.js';

/** A ZipMap at the end of a graph: it turns a tensor of probabilities into one map per row, which few programs can read. */
export interface FinalZipMap {
  readonly node: GraphNode;
  readonly output: GraphValue;
  /** The tensor [rows, labels] that it takes. */
  readonly tensor: string;
  /** What its columns stand for, in their order. */
  readonly labels: readonly (string | bigint)[];
}

// Numbers of the fields, from onnx.proto.
const GRAPH = { output: 12 };
const VALUE = { name: 1, type: 2 };
const TYPE = { tensor: 1 };
const TENSOR = { elementType: 1, shape: 2 };
const SHAPE = { dimension: 1 };
const SIZE_FIELD = { size: 1 };
/** The element type that ZipMap takes. */
const FLOAT = 1;

/** The ZipMaps whose maps are outputs of the model and go nowhere else. */
export function finalZipMaps(graph: OnnxGraph): FinalZipMap[] {
  if (!canUpdate(graph)) return [];
  const { nodes, outputs, inputs, initializers } = graph;
  const isRead = new Set(nodes.flatMap((node) => [...node.inputs, ...namesReadInside(node)]));
  const isNoResult = new Set([...inputs, ...initializers].map(({ name }) => name));
  return nodes.flatMap((node) => {
    const [tensor = '', output] = [node.inputs[0], outputs.find(({ name }) => name === node.outputs[0])];
    if (node.opType !== 'ZipMap' || !output || isRead.has(output.name) || isNoResult.has(tensor)) return [];
    return [{ node, output, tensor, labels: node.labels }];
  });
}

/**
 * The bytes of an ONNX file in which ZipMaps are left out and the tensors they take are outputs instead. Each is an
 * output under its own name; one that is an output already is not declared twice.
 *
 * @param path  the file that `graph` was read from.
 */
export function withoutZipMaps(path: string, graph: OnnxGraph, zipMaps: readonly FinalZipMap[]): Buffer {
  const declared = new Set(graph.outputs.map(({ name }) => name));
  const edits = zipMaps.flatMap(({ node, output, tensor, labels }): GraphEdit[] => {
    const isNew = !declared.has(tensor);
    declared.add(tensor);
    const declaration = isNew ? declarationOf(tensor, labels.length) : Buffer.alloc(0);
    return [
      { field: node.field, bytes: Buffer.alloc(0) },
      { field: output.field, bytes: declaration },
    ];
  });
  return withGraphEdits(path, graph, edits);
}

/** A `ValueInfoProto` of a tensor of floats [rows, columns]; any number of columns when there are no labels. */
function declarationOf(name: string, columns: number): Buffer {
  const rows = bytesField(SHAPE.dimension, Buffer.alloc(0));
  const size = columns > 0 ? numberField(SIZE_FIELD.size, columns) : Buffer.alloc(0);
  const shape = Buffer.concat([rows, bytesField(SHAPE.dimension, size)]);
  const tensor = Buffer.concat([numberField(TENSOR.elementType, FLOAT), bytesField(TENSOR.shape, shape)]);
  const type = bytesField(TYPE.tensor, tensor);
  return bytesField(
    GRAPH.output,
    Buffer.concat([bytesField(VALUE.name, Buffer.from(name)), bytesField(VALUE.type, type)]),
  );
}

function namesReadInside({ bodies }: GraphNode): string[] {
  return bodies.flatMap(({ nodes, outputs }) => [
    ...outputs.map(({ name }) => name),
    ...nodes.flatMap((node) => [...node.inputs, ...namesReadInside(node)]),
  ]);
}
