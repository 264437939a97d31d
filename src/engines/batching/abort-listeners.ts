/** What ends when a signal is aborted. */
export interface Abortable {
  onAbort(): void;
}

const bySignal = new WeakMap<AbortSignal, Abortable[]>();

/**
 * Calls `onAbort` once when the signal is aborted, unless `offAbort` comes first; the signal must not be aborted yet.
 *
 * A connection has one signal for all its requests, so listeners come and go many thousand times. `addEventListener` keeps
 * them in a `Map`, whose old tables keep what was in them alive until the next full collection: each request then costs a
 * collection of what it held. Here a signal gets one listener and a short list.
 */
export function onAbort(signal: AbortSignal, abortable: Abortable): void {
  const known = bySignal.get(signal);
  if (known) return void known.push(abortable);
  const listeners = [abortable];
  bySignal.set(signal, listeners);
  signal.addEventListener('abort', () => listeners.splice(0).forEach((each) => each.onAbort()), { once: true });
}

/** Takes back `onAbort`; nothing happens when it was called already. */
export function offAbort(signal: AbortSignal, abortable: Abortable): void {
  const listeners = bySignal.get(signal) ?? [];
  const index = listeners.lastIndexOf(abortable);
  if (index < 0) return;
  listeners[index] = listeners[listeners.length - 1]!;
  listeners.pop();
}
