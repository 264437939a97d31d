import { join } from 'node:path';

import type { NamedTensorMap } from '@tensorflow/tfjs-core';

import type { NamedTensors } from '../../domain/tensor.js';
import { RunError } from '../../domain/verdict.js';
import { InferenceEngine } from '../inference-engine.js';
import type { EngineModel, LoadRequest, ModelInfo, TensorInfo } from '../inference-engine.js';
import { rejectOtherOperations } from './saved-model-operations.js';
import { nativeTensorflow } from './native-package.js';
import type { NativeTensorflow, SavedModelSignature, SavedModelTensor } from './native-package.js';
import { runInScope } from './run-in-scope.js';
import { enqueue, useBackend } from './tfjs-backends.js';
import { dtypeOf, shapeOf } from './tfjs-tensors.js';
import { withoutWarnings } from './without-warnings.js';

type SavedModel = Awaited<ReturnType<NativeTensorflow['node']['loadSavedModel']>>;

/** The tag and the signature that exporters write for serving. */
const SERVE = 'serve';
const SERVING_DEFAULT = 'serving_default';

/**
 * Loads TensorFlow SavedModel folders through @tensorflow/tfjs-node.
 *
 * @throws RunError ENGINE_UNAVAILABLE on load where that optional package is not installed.
 */
export class SavedModelEngine extends InferenceEngine {
  /** @param native  gives the package; the installed one unless said. */
  constructor(private readonly native: () => NativeTensorflow | null = nativeTensorflow) {
    super();
  }

  override async load(request: LoadRequest): Promise<EngineModel> {
    const tf = this.native();
    if (!tf) {
      const message =
        'TensorFlow SavedModels need the optional package @tensorflow/tfjs-node, which is not installed here.';
      throw new RunError('ENGINE_UNAVAILABLE', message);
    }
    return enqueue(() => open(tf, join(request.runFolder, request.path)));
  }
}

async function open(tf: NativeTensorflow, folder: string): Promise<EngineModel> {
  await useBackend('tensorflow');
  try {
    rejectOtherOperations(folder);
    const graphs = await tf.node.getMetaGraphsFromSavedModel(folder);
    const graph = graphs.find(({ tags }) => tags.includes(SERVE));
    if (!graph) throw new RunError('LOAD_FAILED', `The SavedModel has no graph with the tag "${SERVE}".`);
    const name = signatureName(Object.keys(graph.signatureDefs));
    const model = await tf.node.loadSavedModel(folder, graph.tags, name);
    return new LoadedSavedModel(model, graph.signatureDefs[name]!);
  } catch (cause) {
    if (cause instanceof RunError) throw cause;
    throw new RunError(
      'LOAD_FAILED',
      'TensorFlow refused the SavedModel: it is damaged, incomplete or of another version.',
      { cause },
    );
  }
}

function signatureName(names: readonly string[]): string {
  if (names.includes(SERVING_DEFAULT)) return SERVING_DEFAULT;
  if (names.length === 1) return names[0]!;
  const message = `The SavedModel has no signature "${SERVING_DEFAULT}"; it has: ${names.join(', ') || 'none'}.`;
  throw new RunError('LOAD_FAILED', message);
}

class LoadedSavedModel implements EngineModel {
  readonly info: ModelInfo;

  constructor(
    private readonly model: SavedModel,
    signature: SavedModelSignature,
  ) {
    this.info = {
      inputs: Object.entries(signature.inputs).map(tensorInfo),
      outputs: Object.entries(signature.outputs).map(tensorInfo),
      backend: 'tensorflow-savedmodel',
      notes: [],
    };
  }

  predict(inputs: NamedTensors, outputNames: readonly string[]): Promise<NamedTensors> {
    return enqueue(async () => {
      await useBackend('tensorflow');
      return runInScope(
        (feed, names) => Promise.resolve(this.run(Object.fromEntries(feed), names)),
        inputs,
        outputNames,
      );
    });
  }

  dispose(): Promise<void> {
    return enqueue(() => Promise.resolve(this.model.dispose()));
  }

  private run(inputs: NamedTensorMap, outputNames: readonly string[]) {
    // tfjs-node prints a warning for every int64 result, each time.
    const results = withoutWarnings(() => this.model.predict(inputs));
    return outputNames.map((name) => {
      const result = results[name];
      if (!result) throw new Error(`the model has no output "${name}"`);
      return result;
    });
  }
}

function tensorInfo([name, tensor]: [string, SavedModelTensor]): TensorInfo {
  return { name, dtype: dtypeOf(tensor.tfDtype), shape: shapeOf(sizesOf(tensor.shape)) };
}

/** The package gives each size as protobuf's list `[size, name]`; plain numbers are taken as they are. */
function sizesOf(shape: SavedModelTensor['shape']): unknown {
  const sizes: unknown = Array.isArray(shape) ? shape : undefined;
  return (sizes as unknown[] | undefined)?.map((size) => ((size as { array?: unknown[] }).array ?? [size])[0]);
}
