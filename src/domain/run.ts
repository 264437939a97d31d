import type { DecodeSpec } from './decode-spec.js';
import type { EncodeSpec, FileReference } from './encode-spec.js';
import type { JsonObject } from '../lib/json/json.js';
import type { Signature } from './signature.js';

/** How a run ended; only `FINISHED` runs may be served. The words are MLflow's. */
export const RUN_STATUSES = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** What computes a model: the format of its artifact names the engine. */
export type ModelFormat = 'onnx' | 'tfjs-layers' | 'tfjs-graph' | 'saved-model';

/** The artifact of a run. `path` is a file, or a folder for `saved-model`. */
interface ModelArtifact {
  readonly format: ModelFormat;
  /** Relative to the run folder, forward slashes. */
  readonly path: string;
  /**
   * SHA-256 of the file; of `saved_model.pb` inside the folder for `saved-model`. Undefined only for a run that is not
   * loaded, from a store that keeps no digests (MLflow).
   */
  readonly sha256?: string;
  /** Every other file the model needs, e.g. the weights of a TensorFlow.js model. */
  readonly files?: readonly FileReference[];
}

/** An input row with the output row the trainer saw. */
export interface Example {
  readonly input: JsonObject;
  readonly output: JsonObject;
}

/** One training run: parameters, metrics, artifact and how to use it. The content of a valid `run.json`. */
export interface Run {
  readonly run_id: string;
  readonly name: string;
  readonly description?: string;
  readonly status: RunStatus;
  /** ISO 8601, UTC. */
  readonly started_at: string;
  readonly ended_at?: string | null;
  readonly params: JsonObject;
  /** Flat numbers the policy can name. NaN where the trainer had no number. */
  readonly metrics: Readonly<Record<string, number>>;
  /** The nested report: `overall`, `class`, `slices`, … */
  readonly performance: JsonObject;
  readonly tags: Readonly<Record<string, string>>;
  readonly signature: Signature;
  readonly model: ModelArtifact;
  readonly encode: EncodeSpec;
  readonly decode: DecodeSpec;
  readonly examples: readonly Example[];
  /** How far a replayed number may lie from the trainer's: `|a - b| <= tolerance * max(1, |b|)`. Default 1e-4, and less for small numbers. */
  readonly self_test?: { readonly tolerance?: number };
}
