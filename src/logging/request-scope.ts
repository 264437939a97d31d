import { AsyncLocalStorage } from 'node:async_hooks';

/** The request that code works for; undefined once that work is done. */
interface RequestScope {
  requestId: string | undefined;
}

const storage = new AsyncLocalStorage<RequestScope>();
let openScopes = 0;

/**
 * Runs `work`, and everything it starts, as work for a request: the lines it logs carry the request's id.
 *
 * The storage is switched off while no scope is open: in use, it makes every promise of the process slower (Node 20 and
 * 22 put hooks on them), also those of the fast path, which is in no scope.
 *
 * @param work  is given what ends the scope; it must be called once. Timers and threads that the work leaves behind
 *              keep the scope: without an end their lines would carry the id of a request answered long ago.
 */
export function runForRequest<T>(requestId: string, work: (end: () => void) => T): T {
  const scope: RequestScope = { requestId };
  openScopes += 1;
  const end = () => {
    scope.requestId = undefined;
    openScopes -= 1;
    if (openScopes === 0) storage.disable();
  };
  return storage.run(scope, work, end);
}

/** Id of the request that the caller works for; undefined outside of requests. */
export function currentRequestId(): string | undefined {
  return storage.getStore()?.requestId;
}
