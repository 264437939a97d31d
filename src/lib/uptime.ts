/**
 * Milliseconds since the server was started: under `npm start` the same process has installed and built before, which does
 * not count. Where nothing has marked that moment, since the process began.
 */
export function uptimeMs(): number {
  return performance.now() - (performance.getEntriesByName('bestrun:start')[0]?.startTime ?? 0);
}
