import type { ModelFormat } from '../domain/run.js';
import { RunError } from '../domain/verdict.js';
import { InferenceEngine } from './inference-engine.js';
import type { EngineModel, LoadRequest } from './inference-engine.js';

/** Imported on first use: a store with ONNX models only does not load TensorFlow.js. */
const FACTORIES: Record<ModelFormat, () => Promise<InferenceEngine>> = {
  onnx: async () => new (await import('./onnx/onnx-engine.js')).OnnxEngine(),
  'tfjs-layers': async () => new (await import('./tfjs/tfjs-engine.js')).TfjsEngine(),
  'tfjs-graph': async () => new (await import('./tfjs/tfjs-engine.js')).TfjsEngine(),
  'saved-model': async () => new (await import('./tfjs/saved-model-engine.js')).SavedModelEngine(),
};

/**
 * All engines behind one interface: the format of the artifact decides which one computes. For worker threads only,
 * because the engines block their thread.
 */
export class EngineCatalog extends InferenceEngine {
  private readonly engines = new Map<ModelFormat, Promise<InferenceEngine>>();

  override async load(request: LoadRequest): Promise<EngineModel> {
    return (await this.engineFor(request.format)).load(request);
  }

  override async prepare(format: ModelFormat): Promise<void> {
    await this.engineFor(format);
  }

  private engineFor(format: ModelFormat): Promise<InferenceEngine> {
    if (!Object.hasOwn(FACTORIES, format))
      throw new RunError('FORMAT_UNKNOWN', `No engine computes "${format}" models.`);
    const engine = this.engines.get(format) ?? FACTORIES[format]();
    this.engines.set(format, engine);
    return engine;
  }
}
