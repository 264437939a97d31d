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

/** What an operator reads of an event. */
export const POOL_EVENT_TEXT: Readonly<Record<PoolEvent['kind'], string>> = {
  'model-loaded': 'a model was loaded in a thread',
  'model-not-replicated': 'a further copy of a model cannot be made: calls wait for the threads that hold one',
  'model-copy-declined': 'a further copy of a model would gain too little and is not made',
  'model-backoff': 'a model has ended its thread again: its calls wait before it gets another one',
  'model-inline': 'calls of a tiny model change between a thread and the main thread',
  'prediction-failed': 'a model could not compute a call',
  'thread-hung': 'a call does not end: its thread is given up, and another one takes its place',
  'thread-lost': 'a thread that computes models was lost: another one takes its place',
  'threads-stuck': 'so many threads hang that no further one is started for now: /health has the numbers',
};

export type PoolListener = (event: PoolEvent) => void;
