/** Events of a pool, for logs and metrics. `cause` is engine text and may hold paths and values. */
export type PoolEvent =
  | { readonly kind: 'model-loaded'; readonly path: string; readonly backend: string; readonly durationMs: number }
  | { readonly kind: 'model-not-replicated'; readonly path: string; readonly cause: string }
  /** A further copy, of so many bytes, would gain too little: what waits would be computed `gain` times as fast. */
  | { readonly kind: 'model-copy-declined'; readonly path: string; readonly gain: number; readonly bytes: number }
  | { readonly kind: 'model-backoff'; readonly path: string; readonly crashCount: number; readonly backoffMs: number }
  /** Its calls are computed on the main thread from now on, or no longer. */
  | { readonly kind: 'model-inline'; readonly path: string; readonly isInline: boolean; readonly cause: string }
  | { readonly kind: 'prediction-failed'; readonly path: string; readonly cause: string }
  | { readonly kind: 'thread-hung'; readonly path: string }
  | { readonly kind: 'thread-lost'; readonly cause: string }
  /** No replacement is started for now, because so many lost threads still run native code. */
  | { readonly kind: 'threads-stuck'; readonly count: number };

export type PoolListener = (event: PoolEvent) => void;
