import type { GraphBody, GraphInitializer, GraphNode, GraphValue, OnnxGraph, ValueKind } from './onnx-graph.js';
import { ProtobufError, ProtobufFile } from './protobuf-file.js';
import type { ProtobufField } from './protobuf-file.js';

/** Bodies inside bodies, which a damaged or hostile file may have without end. */
const MAX_DEPTH = 32;
/** Nodes, weights, inputs and outputs that are kept in memory. */
const MAX_PARTS = 2_000_000;
const EXTERNAL = 1n;

// Numbers of the fields, from onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
const MODEL = { irVersion: 1, graph: 7, opset: 8, training: 20, function: 25 };
const OPSET = { domain: 1, version: 2 };
const TRAINING = { initialization: 1, algorithm: 2 };
const FUNCTION = { node: 7, attribute: 11 };
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12, sparseInitializer: 15 };
const NODE = { input: 1, output: 2, opType: 4, attribute: 5, domain: 7 };
const ATTRIBUTE = {
  name: 1,
  integer: 3,
  text: 4,
  tensor: 5,
  graph: 6,
  integers: 8,
  strings: 9,
  tensors: 10,
  graphs: 11,
  sparse: 22,
  sparses: 23,
};
const TENSOR = { shape: 1, name: 8, external: 13, location: 14 };
const SPARSE = { values: 1, indices: 2 };
const ENTRY = { key: 1, value: 2 };
const VALUE = { name: 1, type: 2 };
/** Nodes whose settings are read. */
const OF_TEXTS: ReadonlySet<string> = new Set(['Tokenizer', 'TfIdfVectorizer']);
const NO_SETTINGS: ReadonlyMap<string, string | bigint> = new Map();
const KIND_OF_TYPE = new Map<number, ValueKind>([
  [1, 'tensor'],
  [4, 'sequence'],
  [5, 'map'],
  [8, 'sparse tensor'],
  [9, 'optional'],
]);

/**
 * Reads nodes, names and shapes of an ONNX file; weights are skipped. It blocks its thread for about a second per
 * million nodes, so big files are for worker threads.
 *
 * @throws ProtobufError when it is no ONNX file; Error of the file system.
 */
export function readOnnxGraph(path: string): OnnxGraph {
  return ProtobufFile.use(path, (file) => new GraphReader(file).readModel());
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer U)[] ? U[] : T[K] };

class GraphReader {
  private readonly weightFiles = new Set<string>();
  private parts = 0;

  constructor(private readonly file: ProtobufFile) {}

  readModel(): OnnxGraph {
    const body = newBody();
    const fields: ProtobufField[] = [];
    const operatorVersions = new Map<string, number>();
    let irVersion = 0;
    let hasFunctions = false;
    this.file.forEachField(0, this.file.size, (field) => {
      if (field.number === MODEL.irVersion) irVersion = Number(field.value);
      else if (field.number === MODEL.opset) operatorVersions.set(...this.readOpset(field));
      else if (field.number === MODEL.function) {
        hasFunctions = true;
        this.readFunction(field);
      } else if (field.number === MODEL.training) this.readTraining(field);
      else if (field.number === MODEL.graph) {
        fields.push(field);
        this.readBody(field, 0, body);
      }
    });
    if (fields.length === 0) throw new ProtobufError('the file holds no graph');
    return { ...body, irVersion, operatorVersions, weightFiles: [...this.weightFiles], hasFunctions, fields };
  }

  private readOpset(opset: ProtobufField): [domain: string, version: number] {
    let [domain, version] = ['', 0];
    this.visit(opset, (field) => {
      if (field.number === OPSET.domain) domain = this.file.text(field);
      if (field.number === OPSET.version) version = Number(field.value);
    });
    return [domain === 'ai.onnx' ? '' : domain, version];
  }

  private readFunction(definition: ProtobufField): void {
    this.visit(definition, (field) => {
      if (field.number === FUNCTION.node) this.readNode(field, 1);
      if (field.number === FUNCTION.attribute) this.readAttribute(field, 1);
    });
  }

  private readTraining(training: ProtobufField): void {
    this.visit(training, (field) => {
      if (field.number === TRAINING.initialization || field.number === TRAINING.algorithm) this.readBody(field, 1);
    });
  }

  private readBody(graph: ProtobufField, depth: number, body = newBody()): GraphBody {
    if (depth > MAX_DEPTH) throw new ProtobufError('graphs lie too deep in each other');
    this.visit(graph, (field) => {
      switch (field.number) {
        case GRAPH.node:
          body.nodes.push(this.readNode(field, depth));
          break;
        case GRAPH.initializer:
          body.initializers.push(this.readTensor(field));
          break;
        case GRAPH.sparseInitializer:
          this.readSparse(field);
          break;
        case GRAPH.input:
          body.inputs.push(this.readValue(field));
          break;
        case GRAPH.output:
          body.outputs.push(this.readValue(field));
          break;
      }
    });
    return body;
  }

  private readNode(node: ProtobufField, depth: number): GraphNode {
    this.count();
    const [inputs, outputs]: [string[], string[]] = [[], []];
    const attributes: ProtobufField[] = [];
    let [opType, domain] = ['', ''];
    this.visit(node, (field) => {
      if (field.number === NODE.input) inputs.push(this.file.text(field));
      else if (field.number === NODE.output) outputs.push(this.file.text(field));
      else if (field.number === NODE.opType) opType = this.file.text(field);
      else if (field.number === NODE.domain) domain = this.file.text(field);
      else if (field.number === NODE.attribute) attributes.push(field);
    });
    const bodies = attributes.flatMap((attribute) => this.readAttribute(attribute, depth));
    const labels = opType === 'ZipMap' ? attributes.flatMap((attribute) => this.readLabels(attribute)) : [];
    const settings = OF_TEXTS.has(opType) ? this.readSettings(attributes) : NO_SETTINGS;
    return { opType, domain, inputs, outputs, bodies, labels, settings, field: node };
  }

  /** Bodies that an attribute holds; the places of weights that it holds are collected. */
  private readAttribute(attribute: ProtobufField, depth: number): GraphBody[] {
    const bodies: GraphBody[] = [];
    this.visit(attribute, (field) => {
      switch (field.number) {
        case ATTRIBUTE.tensor:
        case ATTRIBUTE.tensors:
          this.readTensor(field);
          break;
        case ATTRIBUTE.sparse:
        case ATTRIBUTE.sparses:
          this.readSparse(field);
          break;
        case ATTRIBUTE.graph:
        case ATTRIBUTE.graphs:
          bodies.push(this.readBody(field, depth + 1));
          break;
      }
    });
    return bodies;
  }

  private readLabels(attribute: ProtobufField): (string | bigint)[] {
    const labels: (string | bigint)[] = [];
    this.visit(attribute, (field) => {
      if (field.number === ATTRIBUTE.strings) labels.push(this.file.text(field));
      if (field.number === ATTRIBUTE.integers) labels.push(...this.file.integers(field));
    });
    return labels;
  }

  private readSettings(attributes: readonly ProtobufField[]): Map<string, string | bigint> {
    const settings = new Map<string, string | bigint>();
    for (const attribute of attributes) {
      let name = '';
      let value: string | bigint | undefined;
      this.visit(attribute, (field) => {
        if (field.number === ATTRIBUTE.name) name = this.file.text(field);
        else if (field.number === ATTRIBUTE.integer) value = field.value;
        else if (field.number === ATTRIBUTE.text) value = this.file.text(field);
      });
      if (value !== undefined) settings.set(name, value);
    }
    return settings;
  }

  private readTensor(tensor: ProtobufField): GraphInitializer {
    this.count();
    const shape: number[] = [];
    const entries: [key: string, value: string][] = [];
    let [name, location] = ['', 0n];
    this.visit(tensor, (field) => {
      if (field.number === TENSOR.name) name = this.file.text(field);
      else if (field.number === TENSOR.shape) shape.push(...this.file.integers(field).map(Number));
      else if (field.number === TENSOR.location) location = field.value;
      else if (field.number === TENSOR.external) entries.push(this.readEntry(field));
    });
    if (location === EXTERNAL) {
      for (const [key, value] of entries) if (key === 'location') this.weightFiles.add(value);
    }
    return { name, shape };
  }

  private readSparse(sparse: ProtobufField): void {
    this.visit(sparse, (field) => {
      if (field.number === SPARSE.values || field.number === SPARSE.indices) this.readTensor(field);
    });
  }

  private readEntry(entry: ProtobufField): [key: string, value: string] {
    let [key, value] = ['', ''];
    this.visit(entry, (field) => {
      if (field.number === ENTRY.key) key = this.file.text(field);
      if (field.number === ENTRY.value) value = this.file.text(field);
    });
    return [key, value];
  }

  private readValue(declaration: ProtobufField): GraphValue {
    this.count();
    let [name, kind]: [string, ValueKind] = ['', 'unknown'];
    this.visit(declaration, (field) => {
      if (field.number === VALUE.name) name = this.file.text(field);
      if (field.number !== VALUE.type) return;
      this.visit(field, (type) => (kind = KIND_OF_TYPE.get(type.number) ?? kind));
    });
    return { name, kind, field: declaration };
  }

  private visit({ valueStart, end }: ProtobufField, visit: (field: ProtobufField) => void): void {
    this.file.forEachField(valueStart, end, visit);
  }

  private count(): void {
    this.parts += 1;
    if (this.parts > MAX_PARTS) throw new ProtobufError('the graph has too many parts');
  }
}

function newBody(): Mutable<GraphBody> {
  return { nodes: [], initializers: [], inputs: [], outputs: [] };
}
