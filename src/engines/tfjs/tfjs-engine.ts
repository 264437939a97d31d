import { allocate, sizeOf } from '../../domain/tensor.js';
import type { NamedTensors, Tensor } from '../../domain/tensor.js';
import { InferenceEngine } from '../inference-engine.js';
import type { EngineModel, LoadRequest, ModelInfo, TensorInfo } from '../inference-engine.js';
import { readArtifacts } from './file-artifacts.js';
import { openGraphModel } from './graph-model.js';
import { openLayersModel } from './layers-model.js';
import type { RunnableModel } from './runnable-model.js';
import { runInScope } from './run-in-scope.js';
import { BACKEND_TITLE, backendCandidates, enqueue, useBackend } from './tfjs-backends.js';
import type { TfjsBackend } from './tfjs-backends.js';
import { missingOperation, tfjsLoadError } from './tfjs-load-error.js';

/**
 * Loads `tfjs-layers` and `tfjs-graph` artifacts into TensorFlow.js, each model on the first backend that can compute
 * it: native where @tensorflow/tfjs-node is installed, then WASM, then plain JavaScript.
 */
export class TfjsEngine extends InferenceEngine {
  /** @param candidates  backends to try, best first; those that are there unless said. */
  constructor(private readonly candidates: () => readonly TfjsBackend[] = backendCandidates) {
    super();
  }

  override async load(request: LoadRequest): Promise<EngineModel> {
    const artifacts = await readArtifacts(request);
    const open = request.format === 'tfjs-graph' ? openGraphModel : openLayersModel;
    // Layers compute as much as their shapes say; the operations of a graph may do anything.
    const hasFixedSizes = request.format === 'tfjs-layers';
    return enqueue(() => this.openOnBest(async () => ({ ...(await open(artifacts)), hasFixedSizes })));
  }

  private async openOnBest(open: () => Promise<RunnableModel>): Promise<EngineModel> {
    const notes: string[] = [];
    let error: unknown = new Error('no backend of TensorFlow.js starts here');
    let fallback: TfjsBackend | undefined;
    for (const backend of this.candidates()) {
      const attempt = await tryOn(backend, open);
      if ('model' in attempt) return new TfjsModel(attempt.model, backend, notes);
      ({ error } = attempt);
      if (attempt.duringLoad && !missingOperation(error)) fallback ??= backend;
      notes.push(`${BACKEND_TITLE[backend]} was not taken: ${reasonOf(attempt)}.`);
    }
    // A row of zeros may be no sensible row for this model: the run's own examples tell whether it predicts.
    if (fallback && (await useBackend(fallback))) return new TfjsModel(await open(), fallback, []);
    throw tfjsLoadError(error);
  }
}

interface Failure {
  readonly error: unknown;
  /** Whether the model loads there, so that only computing failed. */
  readonly duringLoad: boolean;
}

async function tryOn(
  backend: TfjsBackend,
  open: () => Promise<RunnableModel>,
): Promise<{ model: RunnableModel } | Failure> {
  if (!(await useBackend(backend))) return { error: new Error('the backend does not start'), duringLoad: false };
  let model: RunnableModel;
  try {
    model = await open();
  } catch (error) {
    return { error, duringLoad: false };
  }
  try {
    return { model: { ...model, outputs: withActualShapes(model.outputs, await runOnce(model)) } };
  } catch (error) {
    model.dispose();
    return { error, duringLoad: true };
  }
}

function reasonOf({ error, duringLoad }: Failure): string {
  const operation = missingOperation(error);
  if (operation) return `it lacks the operation ${operation}`;
  return duringLoad ? 'it failed on a row of zeros' : 'the model does not load there';
}

/** One row of zeros through the model: a lacking operation shows when it is computed, not when it is loaded. */
async function runOnce(runnable: RunnableModel): Promise<NamedTensors> {
  const inputs = new Map<string, Tensor>();
  for (const { name, dtype, shape } of runnable.inputs) {
    if (!dtype || !shape) return new Map();
    const oneRow = shape.map((size) => size ?? 1);
    inputs.set(name, { dtype, shape: oneRow, data: allocate(dtype, sizeOf(oneRow)) });
  }
  const outputNames = runnable.outputs.map((output) => output.name);
  return runInScope(runnable.run, inputs, outputNames);
}

/** The outputs with the types that were really computed: what a file declares may be missing, or wider than int32. */
function withActualShapes(outputs: readonly TensorInfo[], tensors: NamedTensors): TensorInfo[] {
  return outputs.map((output) => ({ ...output, dtype: tensors.get(output.name)?.dtype ?? output.dtype }));
}

class TfjsModel implements EngineModel {
  readonly info: ModelInfo;

  constructor(
    private readonly runnable: RunnableModel,
    private readonly backend: TfjsBackend,
    notes: readonly string[],
  ) {
    const { inputs, outputs, hasFixedSizes } = runnable;
    this.info = { inputs, outputs, backend: BACKEND_TITLE[backend], notes, hasFixedSizes };
  }

  predict(inputs: NamedTensors, outputNames: readonly string[]): Promise<NamedTensors> {
    return enqueue(async () => {
      await useBackend(this.backend);
      return runInScope(this.runnable.run, inputs, outputNames);
    });
  }

  dispose(): Promise<void> {
    return enqueue(async () => {
      await useBackend(this.backend);
      this.runnable.dispose();
    });
  }
}
