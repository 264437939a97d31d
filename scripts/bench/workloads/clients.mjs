/** Workload (g): the same predictions as real clients ask for them, in proportion to a client with three headers. */
import { startBestrun } from '../contenders/start-contender.mjs';
import { alternateLoads, measure, summaries } from '../measure.mjs';
import { medianRatio } from '../statistics.mjs';
import { onlyRun } from '../stores/bench-stores.mjs';
import {
  BROWSER_ORIGIN,
  axiosRequests,
  browserRequests,
  mixedRequests,
  proxyRequests,
  putRequests,
  runRequests,
  singleRequests,
} from './requests.mjs';

const CONNECTIONS = 32;
/** Time between opening a connection and its first request, as pools and proxies leave it. */
const QUIET_MS = 2000;

/**
 * (g) Throughput of each kind of client ÷ throughput of the plain one, in one turn; all on the same store and 32
 * connections. `cpu` has the same keys: CPU time per request ÷ that of the plain client, for turns that differ widely.
 */
export async function clients({ processes, sender, light: [bestrun], lightStore, effort, note }) {
  const start = async (variables) => {
    const server = await startBestrun(processes, lightStore, { variables });
    const warmUp = { requests: singleRequests(), connections: CONNECTIONS, durationMs: effort.firstWarmUpMs };
    await measure(sender, server, warmUp);
    return server;
  };
  note('clients: starting a server behind a proxy, and one with a list of origins');
  const proxied = await start({ TRUST_PROXY: 'true' });
  const listing = await start({ CORS_ORIGINS: BROWSER_ORIGIN });
  const { run } = onlyRun(lightStore, 'titanic-survival');
  const kinds = {
    plain: [bestrun, { requests: singleRequests() }],
    axios: [bestrun, { requests: axiosRequests() }],
    proxy: [proxied, { requests: proxyRequests() }],
    origin: [listing, { requests: browserRequests() }],
    put: [bestrun, { requests: putRequests() }],
    run: [bestrun, { requests: runRequests(run.run_id) }],
    openedBefore: [bestrun, { requests: singleRequests(), quietMs: QUIET_MS }],
    mixed: [bestrun, { requests: mixedRequests() }],
  };
  note(`clients: ${Object.keys(kinds).join(', ')}`);
  const entries = Object.entries(kinds).map(([name, [contender, load]]) => ({
    name,
    contender,
    load: { connections: CONNECTIONS, ...effort.window, ...load },
  }));
  const measured = await alternateLoads({ sender, entries, ...effort });
  for (const { child } of [proxied, listing]) await processes.stop(child);
  const ratiosToPlain = (of) =>
    Object.fromEntries(
      Object.keys(kinds)
        .filter((name) => name !== 'plain')
        .map((name) => [`${name}VsPlain`, medianRatio(measured, name, 'plain', of)]),
    );
  return {
    ...ratiosToPlain((each) => each.requestsPerSecond),
    cpu: ratiosToPlain((each) => each.cpuMsPerRequest),
    closed: { [CONNECTIONS]: { contenders: summaries(measured) } },
  };
}
