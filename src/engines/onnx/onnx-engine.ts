import './no-telemetry.js';

import { dirname, join } from 'node:path';
import { InferenceSession, env } from 'onnxruntime-node';

import type { NamedTensors } from '../../domain/tensor.js';
import { RunError } from '../../domain/verdict.js';
import { InferenceEngine } from '../inference-engine.js';
import type { EngineModel, LoadRequest, ModelInfo, ModelMemory } from '../inference-engine.js';
import { graphTraits } from './graph/graph-traits.js';
import { readOnnxFile } from './graph/read-onnx-file.js';
import { readOnnxGraph } from './graph/read-onnx-graph.js';
import type { OnnxGraph } from './graph/onnx-graph.js';
import { hasPlainOperators } from './graph/plain-operators.js';
import { hasValueSizes } from './graph/value-sizes.js';
import { finalZipMaps, withoutZipMaps } from './graph/zip-map.js';
import type { FinalZipMap } from './graph/zip-map.js';
import { onnxLoadError } from './onnx-load-error.js';
import { fromOrt, toOrt } from './onnx-tensors.js';
import { inputSpec, outputSpecs } from './onnx-specs.js';
import { requireCheckedFiles } from './weight-files.js';
import { placeWeights } from './weights/place-weights.js';
import type { OpenModel } from './weights/place-weights.js';

/** Fatal errors only: all others are thrown anyway, and the log would hold paths and client data. */
const LOG_FATAL_ONLY = 4;

/** Models whose weights are shared say so again in this interval, so that their files stay in the cache. */
const TOUCH_INTERVAL_MS = 20 * 60 * 1000;

const ENGINE_VERSION = `onnxruntime ${env.versions.node ?? env.versions.common}`;

/** What a session depends on besides the file. */
type SessionRequest = Pick<LoadRequest, 'threads' | 'weights'>;

/** @param extra  further settings of the group `session`. */
function sessionOptions({ threads = 1, weights }: SessionRequest, extra: object = {}): InferenceSession.SessionOptions {
  const session = {
    ...extra,
    // Prepacking would copy the weights that are mapped.
    ...(weights === 'shared' && { disable_prepacking: '1' }),
    // Threads that wait for the next call would keep the processors from others.
    ...(threads > 1 && { intra_op: { allow_spinning: '0' } }),
  };
  return {
    executionProviders: ['cpu'],
    // The pool computes on several threads; more inside each call would only make them wait for each other.
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // An arena keeps what the largest call took, for good: 700 MiB a thread after 10,000 texts. Measured without: the
    // same up to 256 rows a call; at 1,024 rows, two models of texts took 1.1 and 1.4 times as long.
    enableCpuMemArena: false,
    enableMemPattern: false,
    logSeverityLevel: LOG_FATAL_ONLY,
    extra: { session },
  };
}

const RUN_OPTIONS: InferenceSession.RunOptions = { logSeverityLevel: LOG_FATAL_ONLY };

/**
 * Loads `onnx` artifacts into ONNX Runtime on the CPU. The graph is read first: weights in other files must be checked
 * ones, and a ZipMap at the end is left out, so that the probabilities are a tensor.
 */
export class OnnxEngine extends InferenceEngine {
  override async load(request: LoadRequest): Promise<EngineModel> {
    const file = join(request.runFolder, request.path);
    const { graph, error: graphError } = readOnnxFile(file);
    if (graph) requireCheckedFiles(graph.weightFiles, request);
    if (!graph) return openFile(file, request, graphError);
    const open: OpenModel<OnnxModel> = (path, weights) =>
      openModel(path, path === file ? graph : readOnnxGraph(path), { ...request, weights });
    const { model, memory, touch } = await placeWeights(file, graph, request, { open, engineVersion: ENGINE_VERSION });
    model.noteMemory(memory, touch);
    return model;
  }
}

/** ONNX Runtime's own format has no graph to be read. */
async function openFile(file: string, request: LoadRequest, graphError: Error | undefined): Promise<EngineModel> {
  const session = await openSession(file, undefined, [], request);
  if (!graphError) return new OnnxModel(session, undefined, []);
  // ONNX Runtime took what cannot be read here: nobody knows where its weights come from.
  await session.release();
  throw new RunError('LOAD_FAILED', 'The graph of the model cannot be read.', { cause: graphError });
}

async function openModel(file: string, graph: OnnxGraph, request: SessionRequest): Promise<OnnxModel> {
  const zipMaps = finalZipMaps(graph);
  const session = await openSession(file, graph, zipMaps, request);
  try {
    return new OnnxModel(session, graph, zipMaps);
  } catch (error) {
    await session.release();
    throw error;
  }
}

async function openSession(
  file: string,
  graph: OnnxGraph | undefined,
  zipMaps: readonly FinalZipMap[],
  request: SessionRequest,
): Promise<InferenceSession> {
  try {
    if (!graph || zipMaps.length === 0) return await InferenceSession.create(file, sessionOptions(request));
    // Without a file ONNX Runtime would look for further weights in the working directory.
    const options = sessionOptions(request, { model_external_initializers_file_folder_path: dirname(file) });
    return await InferenceSession.create(withoutZipMaps(file, graph, zipMaps), options);
  } catch (cause) {
    throw onnxLoadError(cause);
  }
}

class OnnxModel implements EngineModel {
  info: ModelInfo;
  /** Names in the session by the names in `info`; undefined when they are the same. */
  private readonly sessionNames: ReadonlyMap<string, string> | undefined;
  private using: NodeJS.Timeout | undefined;

  constructor(
    private readonly session: InferenceSession,
    graph: OnnxGraph | undefined,
    zipMaps: readonly FinalZipMap[],
  ) {
    const removed = zipMaps.map(({ node }) => node);
    const outputs = outputSpecs(session.outputMetadata, graph, zipMaps);
    this.info = {
      inputs: session.inputMetadata.map(inputSpec),
      outputs: outputs.filter((output) => 'dtype' in output),
      unreadableOutputs: outputs.filter((output) => 'message' in output),
      backend: 'onnxruntime-cpu',
      notes: [],
      hasFixedSizes: graph !== undefined && !hasValueSizes(graph),
      hasPlainOperators: graph !== undefined && hasPlainOperators(graph, removed),
      ...(graph && graphTraits(graph)),
    };
    if (zipMaps.length > 0) this.sessionNames = new Map(zipMaps.map(({ output, tensor }) => [output.name, tensor]));
  }

  async predict(inputs: NamedTensors, outputNames: readonly string[]): Promise<NamedTensors> {
    // Without a prototype, so that any name is an ordinary key.
    const feed = Object.create(null) as InferenceSession.OnnxValueMapType & Record<string, unknown>;
    for (const [name, tensor] of inputs) feed[name] = toOrt(tensor);
    const { sessionNames } = this;
    const names = sessionNames ? outputNames.map((name) => sessionNames.get(name) ?? name) : outputNames;
    const results = await this.session.run(feed, names, RUN_OPTIONS);
    // The result object puts names like `13` first: the order asked for is the only one to go by.
    return new Map(outputNames.map((name, i) => [name, fromOrt(results[names[i]!]!)]));
  }

  /**
   * Notes how its weights lie in memory.
   *
   * @param touch  says from time to time that the shared file is in use.
   */
  noteMemory(memory: ModelMemory, touch: (() => void) | undefined): void {
    this.info = { ...this.info, memory };
    if (touch) this.using = setInterval(touch, TOUCH_INTERVAL_MS).unref();
  }

  async dispose(): Promise<void> {
    clearInterval(this.using);
    await this.session.release();
  }
}
