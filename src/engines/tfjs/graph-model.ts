import { keep } from '@tensorflow/tfjs-core';
import type { io, NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import { GraphModel } from '@tensorflow/tfjs-converter';

import type { TensorInfo } from '../inference-engine.js';
import type { RunnableModel } from './runnable-model.js';
import { dtypeOf, shapeOf } from './tfjs-tensors.js';

/** Entry of a model.json signature, as protobuf writes it: numbers may be strings. */
interface SignatureEntry {
  /** Node and output index, e.g. `Identity:0`. */
  readonly name?: string;
  readonly dtype?: string;
  readonly tensorShape?: {
    readonly dim?: readonly { readonly size?: string | number }[];
    readonly unknownRank?: boolean;
  };
  /** Set for a captured resource (a hash table): no input of ours. */
  readonly resourceId?: unknown;
}
type SignatureSide = Readonly<Record<string, SignatureEntry>>;

/** What a node says of its output; both parts may be missing. */
type NodeInfo = { readonly name: string; readonly dtype?: unknown; readonly shape?: unknown };

interface Signature {
  readonly inputs?: SignatureSide;
  readonly outputs?: SignatureSide;
}

interface Signed {
  readonly signature?: Signature;
}

/** Opens a `tfjs-graph` model on the present backend; throws the error of TensorFlow.js when it cannot. */
export async function openGraphModel(artifacts: io.ModelArtifacts): Promise<RunnableModel> {
  const signature = validSignature(artifacts);
  const { signature: _named, userDefinedMetadata, ...rest } = artifacts;
  const { signature: _override, ...metadata } = (userDefinedMetadata ?? {}) as { signature?: unknown };
  const corrected: io.ModelArtifacts = { ...rest, signature, userDefinedMetadata: metadata };
  const model = new GraphModel({ load: () => Promise.resolve(corrected) });
  await model.load();
  const runner = new GraphRunner(model);
  return {
    inputs: describe(signature.inputs, model.inputs, model.inputNodes),
    outputs: describe(signature.outputs, model.outputs.map(withoutType), model.outputNodes),
    run: (feed, outputNames) => runner.run(feed, outputNames),
    dispose: () => void model.dispose(),
  };
}

/**
 * The signature without entries that contradict the graph: TensorFlow.js finds no inputs in a model whose signature
 * names nodes it does not have, and finds them itself where the signature has none.
 */
function validSignature(artifacts: io.ModelArtifacts): Signature {
  const { signature: own, userDefinedMetadata } = artifacts as Signed & { userDefinedMetadata?: Signed };
  const signature = userDefinedMetadata?.signature ?? own;
  const { node } = artifacts.modelTopology as { node?: readonly { name?: string }[] };
  const nodes = new Set((node ?? []).map((each) => each.name));
  const known = (side: SignatureSide | undefined) => {
    const entries = Object.entries(side ?? {}).filter(([, entry]) => nodes.has(nodeOf(entry)));
    return entries.length > 0 ? Object.fromEntries(entries) : undefined;
  };
  return { inputs: known(signature?.inputs), outputs: known(signature?.outputs) };
}

class GraphRunner {
  /** Control flow and outputs of unknown size need the slower path; only a trial call shows it. */
  private needsAsync = false;

  constructor(private readonly model: GraphModel) {}

  async run(feed: ReadonlyMap<string, Tensor>, outputNames: readonly string[]): Promise<readonly Tensor[]> {
    const inputs = Object.fromEntries(feed);
    try {
      return [await this.execute(inputs, [...outputNames])].flat();
    } finally {
      this.keepTables();
    }
  }

  private execute(inputs: NamedTensorMap, outputNames: string[]): Tensor | Tensor[] | Promise<Tensor | Tensor[]> {
    if (this.needsAsync) return this.model.executeAsync(inputs, outputNames);
    try {
      return this.model.execute(inputs, outputNames);
    } catch (error) {
      if (!/executeAsync/.test((error as Error).message)) throw error;
      this.needsAsync = true;
      return this.model.executeAsync(inputs, outputNames);
    }
  }

  /** Hash tables are made in the first call and must outlive the scope that disposes of its tensors. */
  private keepTables(): void {
    const resources: unknown = this.model['resourceIdToCapturedInput'];
    for (const tensor of Object.values((resources ?? {}) as NamedTensorMap)) keep(tensor);
  }
}

/**
 * The names of the signature, else those of the nodes. A node's own type and shape go first, because TensorFlow.js
 * checks against them; the signature fills what the node leaves open.
 */
function describe(side: SignatureSide | undefined, nodes: readonly NodeInfo[], names: readonly string[]): TensorInfo[] {
  if (!side) return nodes.map((info, i) => tensorInfo(names[i] ?? info.name, info));
  return Object.entries(side)
    .filter(([, entry]) => entry.resourceId == null)
    .map(([key, entry]) =>
      tensorInfo(
        key,
        nodes.find((info) => info.name === nodeOf(entry)),
        entry,
      ),
    );
}

/** A node's type is that of its inputs: a comparison of floats says float32 and gives truth values. */
function withoutType({ name, shape }: NodeInfo): NodeInfo {
  return { name, shape };
}

function nodeOf(entry: SignatureEntry): string {
  return (entry.name ?? '').split(':')[0]!;
}

function tensorInfo(name: string, node: NodeInfo | undefined, entry?: SignatureEntry): TensorInfo {
  const { dim, unknownRank } = entry?.tensorShape ?? {};
  const shape = entry?.tensorShape && !unknownRank ? (dim ?? []).map((each) => each.size ?? 0) : undefined;
  return {
    name,
    dtype: dtypeOf(node?.dtype) ?? dtypeOf(entry?.dtype),
    shape: shapeOf(node?.shape) ?? shapeOf(shape),
  };
}
