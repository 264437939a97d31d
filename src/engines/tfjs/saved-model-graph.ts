import { ProtobufFile } from '../onnx/graph/protobuf-file.js';
import type { ProtobufField } from '../onnx/graph/protobuf-file.js';

/** One operation of a graph or function. */
export interface SavedNode {
  readonly name: string;
  readonly operation: string;
  /** Names of the nodes that it reads, or waits for. */
  readonly inputs: readonly string[];
  /** Functions of the library that it may call, besides the one that its operation may name. */
  readonly functions: readonly string[];
}

/** One graph of a SavedModel, without its constants. */
export interface SavedGraph {
  readonly nodes: readonly SavedNode[];
  /** Nodes of the functions that the graph brings, by name. */
  readonly functions: ReadonlyMap<string, readonly SavedNode[]>;
  /** Nodes that are run when it is loaded, except to restore variables, and when it is called. */
  readonly served: readonly string[];
  /** Nodes that are run to restore variables. */
  readonly restoring: readonly string[];
}

/** Collections whose nodes TensorFlow runs when it loads a model. */
const INIT_COLLECTIONS = new Set(['legacy_init_op', 'saved_model_main_op']);

/**
 * Reads the graphs of a `saved_model.pb` (tensorflow/core/protobuf: saved_model, meta_graph, saver; framework: graph,
 * node_def, function, attr_value).
 *
 * @throws ProtobufError when it is none.
 */
export function readSavedGraphs(path: string): SavedGraph[] {
  return ProtobufFile.use(path, (file) => {
    const graphs: SavedGraph[] = [];
    file.forEachField(0, file.size, (field) => {
      if (field.number === 2) graphs.push(readGraph(file, field));
    });
    return graphs;
  });
}

function readGraph(file: ProtobufFile, metaGraph: ProtobufField): SavedGraph {
  const graph = { nodes: [], functions: new Map(), served: [], restoring: [] } as {
    nodes: SavedNode[];
    functions: Map<string, SavedNode[]>;
    served: string[];
    restoring: string[];
  };
  visit(file, metaGraph, {
    2: (definition) =>
      visit(file, definition, {
        1: (node) => graph.nodes.push(readNode(file, node)),
        2: (library) => visit(file, library, { 1: (one) => graph.functions.set(...readFunction(file, one)) }),
      }),
    3: (saver) => visit(file, saver, { 3: (name) => graph.restoring.push(nodeOf(file.text(name))) }),
    4: (entry) => {
      if (INIT_COLLECTIONS.has(textAt(file, entry, [1]) ?? ''))
        graph.served.push(...textsAt(file, entry, [2, 1, 1]).map(nodeOf));
    },
    5: (entry) => graph.served.push(...textsAt(file, entry, [2, 2, 2, 1]).map(nodeOf)),
  });
  return graph;
}

function readFunction(file: ProtobufFile, field: ProtobufField): [string, SavedNode[]] {
  const nodes: SavedNode[] = [];
  visit(file, field, { 3: (node) => nodes.push(readNode(file, node)) });
  return [textAt(file, field, [1, 1]) ?? '', nodes];
}

function readNode(file: ProtobufFile, field: ProtobufField): SavedNode {
  const node = { name: '', operation: '', inputs: [] as string[], functions: [] as string[] };
  visit(file, field, {
    1: (name) => (node.name = file.text(name)),
    2: (operation) => (node.operation = file.text(operation)),
    3: (input) => node.inputs.push(nodeOf(file.text(input))),
    // A function by itself, or a list of them.
    5: (attribute) =>
      node.functions.push(...textsAt(file, attribute, [2, 10, 1]), ...textsAt(file, attribute, [2, 1, 9, 1])),
  });
  return node;
}

/** `^name` waits for a node, `name:0` is one of its outputs. */
function nodeOf(tensor: string): string {
  return tensor.replace(/^\^/, '').split(':')[0]!;
}

type Handlers = Readonly<Record<number, (field: ProtobufField) => unknown>>;

function visit(file: ProtobufFile, { valueStart, end }: ProtobufField, handlers: Handlers): void {
  file.forEachField(valueStart, end, (field) => void handlers[field.number]?.(field));
}

/** Texts at the end of a way of field numbers. */
function textsAt(file: ProtobufFile, field: ProtobufField, [number, ...rest]: readonly number[]): string[] {
  const texts: string[] = [];
  file.forEachField(field.valueStart, field.end, (inner) => {
    if (inner.number !== number) return;
    if (rest.length === 0) texts.push(file.text(inner));
    else texts.push(...textsAt(file, inner, rest));
  });
  return texts;
}

function textAt(file: ProtobufFile, field: ProtobufField, way: readonly number[]): string | undefined {
  return textsAt(file, field, way).at(-1);
}
