/** What a pool has to tell its owner, for logs and metrics. `cause` is engine text and may hold paths and values. */
export type PoolEvent =
  | { readonly kind: 'model-loaded'; readonly path: string; readonly backend: string; readonly durationMs: number }
  | { readonly kind: 'model-not-spread'; readonly path: string; readonly cause: string }
  | { readonly kind: 'model-resting'; readonly path: string; readonly losses: number; readonly restMs: number }
  | { readonly kind: 'prediction-failed'; readonly path: string; readonly cause: string }
  | { readonly kind: 'thread-hung'; readonly path: string }
  | { readonly kind: 'thread-lost'; readonly cause: string }
  /** So many lost threads are still deep in native code that no replacement is started for now. */
  | { readonly kind: 'threads-stuck'; readonly count: number };

export type PoolListener = (event: PoolEvent) => void;
