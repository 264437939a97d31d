import type { ProtobufField } from './protobuf-file.js';

/** What kind of value an output is. */
export type ValueKind = 'tensor' | 'sequence' | 'map' | 'optional' | 'sparse tensor' | 'unknown';

/** An input or output of the graph as the file declares it. */
export interface GraphValue {
  readonly name: string;
  readonly kind: ValueKind;
  /** Where its declaration stands. */
  readonly field: ProtobufField;
}

/** One operation of the graph. */
export interface GraphNode {
  readonly opType: string;
  /** `""` for ONNX's own operators; `ai.onnx.ml`, … */
  readonly domain: string;
  /** Names; `""` for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Bodies of If, Loop and Scan. */
  readonly bodies: readonly GraphBody[];
  /** Class labels of a ZipMap, in the order of its columns; empty for every other node. */
  readonly labels: readonly (string | bigint)[];
  /** Single texts and whole numbers among the attributes of a node that splits or counts texts; empty for every other node. */
  readonly settings: ReadonlyMap<string, string | bigint>;
  readonly field: ProtobufField;
}

/** Weights that the graph holds. */
export interface GraphInitializer {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A graph: that of the model, or the body of an If, Loop or Scan. */
export interface GraphBody {
  readonly nodes: readonly GraphNode[];
  readonly initializers: readonly GraphInitializer[];
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
}

/** An ONNX file without its weights. */
export interface OnnxGraph extends GraphBody {
  readonly irVersion: number;
  /** Domain (`""` is ONNX's own) → version of its operators. */
  readonly operatorVersions: ReadonlyMap<string, number>;
  /**
   * Where weights lie outside the file, each once, as written: relative to the folder of the file if it is as it should
   * be. Those of bodies and functions are among them.
   */
  readonly weightFiles: readonly string[];
  /** Whether the file brings operators of its own, as functions. */
  readonly hasFunctions: boolean;
  /** Where the graph stands; a file may have it in several parts, which counts as one. */
  readonly fields: readonly ProtobufField[];
}
