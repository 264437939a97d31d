import type { ModelFormat } from '../domain/run.js';
import type { ModelSpec, TensorSpec, NamedTensors } from '../domain/tensor.js';

/** An input or output as the model itself declares it. */
export type TensorInfo = TensorSpec;

/** How a model's weights lie in memory: `shared` is one mapped file for all copies, `private` a copy in each. */
export type WeightPlacement = 'shared' | 'private';

/** What a model takes of memory, as far as its engine can tell. */
export interface ModelMemory {
  readonly weights: WeightPlacement;
  /** Bytes of the file that all copies map; 0 where weights are private. */
  readonly sharedBytes: number;
  /** Why it is so, a sentence for the run's detail. */
  readonly note?: string;
}

/** How a model splits texts into words, which it counts. */
export interface WordSplit {
  /** Regular expression of a word, as the model has it. */
  readonly pattern: string;
  /** Most words that are counted as one. */
  readonly maxWords: number;
}

/** What the operations of a model say of mistakes in what is around it; unknown where left out. */
export interface GraphTraits {
  /** Whether it scales numbers itself, or decides by trees, for which their scale does not count. */
  readonly hasOwnScale?: boolean;
  readonly words?: WordSplit;
}

/** What an engine knows of a model once it is loaded. */
export interface ModelInfo extends ModelSpec, GraphTraits {
  /** What computes, e.g. `onnxruntime-cpu`, `tfjs-wasm`; shown in the run's detail. */
  readonly backend: string;
  /** Sentences worth showing beside the backend, e.g. why a slower one was taken. */
  readonly notes: readonly string[];
  /**
   * Whether only the number of values decides how much is computed, never a value itself: then a large number costs no
   * more than a small one. Not known unless said.
   */
  readonly hasFixedSizes?: boolean;
  /**
   * Whether its graph consists of operators whose time the sizes of their inputs decide, without control flow: such a
   * model may be computed on the main thread once its calls have proven to be short. Not unless said.
   */
  readonly hasPlainOperators?: boolean;
  /** Not known unless said: then each copy has weights of its own. */
  readonly memory?: ModelMemory;
}

/** Where an engine may keep weights as files that all copies of a model map into memory. */
export interface WeightSharing {
  /** Absolute; created when needed. */
  readonly folder: string;
  /** Most bytes of that folder. */
  readonly maxBytes: number;
  /** Models with fewer bytes of weights share none. */
  readonly minBytes: number;
}

/** What to load. The folder is checked already: the paths exist, stay inside and have their digests. */
export interface LoadRequest {
  readonly format: ModelFormat;
  /** Absolute folder of the run. */
  readonly runFolder: string;
  /** Artifact relative to it: a file, or a folder for `saved-model`. */
  readonly path: string;
  /**
   * Further files of the model, relative to the folder, whose digests were checked; none unless said. A model that keeps
   * weights elsewhere is refused.
   */
  readonly files?: readonly string[];
  /** SHA-256 of a single-file artifact, lower-case hex, where it is known. */
  readonly sha256?: string;
  /** Memory that a trial found it to need at most, bytes; estimated from its files unless set. */
  readonly measuredBytes?: number;
  /** Threads of a pool that may hold a copy each; all unless set. */
  readonly copies?: number;
  /** Threads that one call may use; 1 unless set. */
  readonly threads?: number;
  /** Weights are not shared unless set. */
  readonly sharing?: WeightSharing;
  /** How weights must lie in memory; the engine decides unless set. */
  readonly weights?: WeightPlacement;
}

/** A model in memory, in the thread that computes. */
export interface EngineModel {
  readonly info: ModelInfo;
  /**
   * Computes all rows at once.
   *
   * @param inputs  one tensor per model input, rows on axis 0.
   * @param outputNames  which outputs to give; names of `info.outputs`.
   * @returns the outputs asked for, rows on axis 0, same order of rows.
   */
  predict(inputs: NamedTensors, outputNames: readonly string[]): Promise<NamedTensors>;
  /** Gives back the model's memory. */
  dispose(): Promise<void>;
}

/**
 * What computes: the port that every engine implements, inside a worker thread
 * (`run()` of ONNX Runtime and TensorFlow.js blocks its thread).
 *
 * @throws RunError with a verdict code when an artifact cannot be loaded.
 */
export abstract class InferenceEngine {
  abstract load(request: LoadRequest): Promise<EngineModel>;

  /** Loads the libraries that models of this format need, which the first load does otherwise. */
  prepare?(format: ModelFormat): Promise<void>;
}
