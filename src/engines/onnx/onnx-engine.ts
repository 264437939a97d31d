import './no-telemetry.js';

import { dirname, join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';

import type { NamedTensors } from '../../domain/tensor.js';
import { RunError } from '../../domain/verdict.js';
import { InferenceEngine } from '../inference-engine.js';
import type { EngineModel, LoadRequest, ModelInfo } from '../inference-engine.js';
import { readOnnxFile } from './graph/read-onnx-file.js';
import type { OnnxGraph } from './graph/onnx-graph.js';
import { hasPlainOperators } from './graph/plain-operators.js';
import { hasValueSizes } from './graph/value-sizes.js';
import { finalZipMaps, withoutZipMaps } from './graph/zip-map.js';
import type { FinalZipMap } from './graph/zip-map.js';
import { onnxLoadError } from './onnx-load-error.js';
import { fromOrt, toOrt } from './onnx-tensors.js';
import { inputSpec, outputSpecs } from './onnx-specs.js';
import { requireCheckedFiles } from './weight-files.js';

/** Fatal errors only: all others are thrown anyway, and the log would hold paths and client data. */
const LOG_FATAL_ONLY = 4;

const SESSION_OPTIONS: InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  // The pool computes on several threads; more inside each call would only make them wait for each other.
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  // An arena keeps what the largest call took, for good: 700 MiB a thread after 10,000 texts. Measured without: the same up
  // to 256 rows a call; at 1,024 rows, two models of texts took 1.1 and 1.4 times as long.
  enableCpuMemArena: false,
  enableMemPattern: false,
  logSeverityLevel: LOG_FATAL_ONLY,
};
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
    const zipMaps = graph ? finalZipMaps(graph) : [];
    const session = await openSession(file, graph, zipMaps);
    try {
      // ONNX Runtime took what cannot be read here: nobody knows where its weights come from.
      if (graphError)
        throw new RunError('LOAD_FAILED', 'The graph of the model cannot be read.', { cause: graphError });
      return new OnnxModel(session, graph, zipMaps);
    } catch (error) {
      await session.release();
      throw error;
    }
  }
}

async function openSession(
  file: string,
  graph: OnnxGraph | undefined,
  zipMaps: readonly FinalZipMap[],
): Promise<InferenceSession> {
  try {
    if (!graph || zipMaps.length === 0) return await InferenceSession.create(file, SESSION_OPTIONS);
    // Without a file ONNX Runtime would look for further weights in the working directory.
    const extra = { session: { model_external_initializers_file_folder_path: dirname(file) } };
    return await InferenceSession.create(withoutZipMaps(file, graph, zipMaps), { ...SESSION_OPTIONS, extra });
  } catch (cause) {
    throw onnxLoadError(cause);
  }
}

class OnnxModel implements EngineModel {
  readonly info: ModelInfo;
  /** Names in the session by the names in `info`; undefined when they are the same. */
  private readonly sessionNames: ReadonlyMap<string, string> | undefined;

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

  async dispose(): Promise<void> {
    await this.session.release();
  }
}
