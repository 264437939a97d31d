import type { JsonValue } from '../lib/json/json.js';

export const MODEL_TASKS = [
  'binary-classification',
  'multi-class-classification',
  'multi-label-classification',
  'regression',
  'other',
] as const;
export type ModelTask = (typeof MODEL_TASKS)[number];

/** Which direction of a metric is better. */
export type MetricGoal = 'maximize' | 'minimize';

/** A bound a run must keep on another metric, e.g. at least 0.6 precision. */
interface Guardrail {
  readonly metric: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** How the owner of a model wants its best run chosen. */
export interface SelectionPolicy {
  readonly metric: string;
  readonly goal: MetricGoal;
  /** Dotted path into the run (`params.…`, `tags.…`, `name`) → the value it must have, or a list of allowed ones. */
  readonly where?: Readonly<Record<string, JsonValue>>;
  readonly guardrails?: readonly Guardrail[];
}

/** What a run must keep in its rehearsal before it takes over from the served one. */
export interface PromotionPolicy {
  /** Most milliseconds that the model may take for one example: the median of several. */
  readonly max_latency_ms?: number;
  /** Most bytes of the artifact with all its files. */
  readonly max_size_bytes?: number;
  /** Largest share, 0 to 1, of the served run's examples that may get another answer. For classifiers. */
  readonly max_label_changes?: number;
}

/** How the runs of a model are held and computed. */
export interface SessionSettings {
  /** Threads that one call may use; 1 unless set. ONNX only. */
  readonly threads?: number;
  /** Most copies in each server process: as many calls are computed at the same time. */
  readonly copies?: number;
  /** `shared`: all copies map one file of weights; `private`: each has its own. Measured unless set. ONNX only. */
  readonly weights?: 'shared' | 'private';
}

/** What is known of a model apart from its runs: the content of a valid `card.json`. */
export interface ModelCard {
  /** Lower-case words joined by dashes; also the folder's name and the path segment of its routes. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly task: ModelTask;
  readonly owners?: readonly string[];
  readonly license?: string;
  /** The same as `license`, which wins. */
  readonly licence?: string;
  readonly selection: SelectionPolicy;
  readonly promotion?: PromotionPolicy;
  readonly session?: SessionSettings;
}
