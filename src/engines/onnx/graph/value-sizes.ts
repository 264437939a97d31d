import type { GraphBody, GraphNode } from './onnx-graph.js';

/** Inputs that say how large the output is, or how often something is computed, by operator. */
const SIZE_INPUTS: Readonly<Record<string, readonly number[]>> = {
  BlackmanWindow: [0],
  ConstantOfShape: [0],
  DFT: [1],
  Expand: [1],
  HammingWindow: [0],
  HannWindow: [0],
  Loop: [0],
  MelWeightMatrix: [0, 1, 2, 3, 4],
  OneHot: [1],
  Pad: [1],
  Range: [0, 1, 2],
  Resize: [2, 3],
  Tile: [1],
  Upsample: [1],
  // ONNX Runtime's own: they compute as many tokens as an input says.
  BeamSearch: [1, 2, 3, 4],
  GreedySearch: [1, 2],
  Sampling: [1, 2],
};
/** Operators whose result depends on the shape of their input alone. */
const OF_SHAPE: ReadonlySet<string> = new Set(['Shape', 'Size']);
/** Operators of other domains may do anything. */
const KNOWN_NAMESPACES: ReadonlySet<string> = new Set(['', 'ai.onnx', 'ai.onnx.ml', 'com.microsoft']);

/**
 * Whether values that a client sends, and not only their number, decide how much is computed: then one large number may
 * take all memory or all time. Where it is not clear they do.
 *
 * @param outside  names from outside of a body whose values depend on the client's.
 */
export function hasValueSizes(graph: GraphBody, outside: Iterable<string> = []): boolean {
  const dependent = new Set([...outside, ...graph.inputs.map(({ name }) => name)]);
  // Older exports list weights among the inputs.
  for (const { name } of graph.initializers) dependent.delete(name);
  return graph.nodes.some((node) => {
    const isDependent = node.inputs.some((name) => dependent.has(name));
    if (hasNoLimit(node, dependent, isDependent)) return true;
    if (node.bodies.some((body) => hasValueSizes(body, dependent))) return true;
    const passThrough = (isDependent && !OF_SHAPE.has(node.opType)) || node.bodies.length > 0;
    if (passThrough) for (const name of node.outputs) dependent.add(name);
    return false;
  });
}

function hasNoLimit(
  { opType, domain, inputs }: GraphNode,
  dependent: ReadonlySet<string>,
  isDependent: boolean,
): boolean {
  if (isDependent && !KNOWN_NAMESPACES.has(domain)) return true;
  // Without a number of rounds, the values decide when a loop ends.
  if (opType === 'Loop' && !inputs[0]) return true;
  return (SIZE_INPUTS[opType] ?? []).some((index) => dependent.has(inputs[index] ?? ''));
}
