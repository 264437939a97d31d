import './no-telemetry.js';

import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';

import type { NamedTensors } from '../../domain/tensor.js';
import { RunError } from '../../domain/verdict.js';
import { InferenceEngine } from '../inference-engine.js';
import type { EngineModel, LoadRequest, ModelInfo, TensorInfo } from '../inference-engine.js';
import { onnxLoadError } from './onnx-load-error.js';
import { dtypeOf, fromOrt, toOrt } from './onnx-tensors.js';

/** Fatal errors only: all others are thrown anyway, and the log would hold paths and client data. */
const LOG_FATAL_ONLY = 4;

const SESSION_OPTIONS: InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  // The pool computes on several threads; more inside each call would only make them wait for each other.
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: LOG_FATAL_ONLY,
};
const RUN_OPTIONS: InferenceSession.RunOptions = { logSeverityLevel: LOG_FATAL_ONLY };

/** Loads `onnx` artifacts into ONNX Runtime on the CPU. */
export class OnnxEngine extends InferenceEngine {
  override async load(request: LoadRequest): Promise<EngineModel> {
    const session = await openSession(join(request.runFolder, request.path));
    try {
      return new OnnxModel(session);
    } catch (error) {
      await session.release();
      throw error;
    }
  }
}

async function openSession(file: string): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(file, SESSION_OPTIONS);
  } catch (cause) {
    throw onnxLoadError(cause);
  }
}

class OnnxModel implements EngineModel {
  readonly info: ModelInfo;

  constructor(private readonly session: InferenceSession) {
    this.info = {
      inputs: session.inputMetadata.map((metadata) => tensorInfo('input', metadata)),
      outputs: session.outputMetadata.map((metadata) => tensorInfo('output', metadata)),
      backend: 'onnxruntime-cpu',
      notes: [],
    };
  }

  async predict(inputs: NamedTensors, outputNames: readonly string[]): Promise<NamedTensors> {
    // Without a prototype, so that any name is an ordinary key.
    const feed = Object.create(null) as InferenceSession.OnnxValueMapType & Record<string, unknown>;
    for (const [name, tensor] of inputs) feed[name] = toOrt(tensor);
    const results = await this.session.run(feed, outputNames, RUN_OPTIONS);
    // The result object puts names like `13` first: the order asked for is the only one to go by.
    return new Map(outputNames.map((name) => [name, fromOrt(results[name]!)]));
  }

  async dispose(): Promise<void> {
    await this.session.release();
  }
}

function tensorInfo(side: 'input' | 'output', metadata: InferenceSession.ValueMetadata): TensorInfo {
  const { name } = metadata;
  if (!metadata.isTensor) {
    const code = side === 'output' ? 'NON_TENSOR_OUTPUT' : 'LOAD_FAILED';
    throw new RunError(code, `The model's ${side} "${name}" is a sequence, map or optional value, not a tensor.`);
  }
  const dtype = dtypeOf(metadata.type);
  if (!dtype) {
    throw new RunError(
      'LOAD_FAILED',
      `The model's ${side} "${name}" is ${metadata.type}: cast it to float32 inside the model.`,
    );
  }
  return { name, dtype, shape: metadata.shape.map((size) => (typeof size === 'number' ? size : null)) };
}
