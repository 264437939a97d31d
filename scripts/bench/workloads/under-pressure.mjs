/** Workloads (e) and (f): what the heavy network, at full load, does to everything else in the same server. */
import { measure } from '../measure.mjs';
import { median, spread } from '../statistics.mjs';
import { getRequests, heavyRequests, singleRequests } from './requests.mjs';

const HEAVY_CONNECTIONS = 16;
const LIGHT_CONNECTIONS = 32;
/** `/health` every 10 ms. */
const PROBES_PER_SECOND = 100;
/** The heavy load begins this much earlier than what is measured beside it. */
const MARGIN_MS = 300;
const PRESSURE_LIMIT_MS = 60_000;

/** (e) `/health` every 10 ms, open loop, in peace and while the heavy network saturates; event-loop delay beside it. */
export async function health({ sender, secondSender, mixed, effort, note }) {
  const durationMs = Math.max(2000, effort.window.durationMs);
  const probes = { requests: getRequests('/health'), connections: 4, rate: PROBES_PER_SECOND, durationMs };
  const singles = { requests: singleRequests(), connections: LIGHT_CONNECTIONS, durationMs };
  const rounds = [];
  await measure(sender, mixed, { ...probes, durationMs: 500 });
  for (let i = 0; i < effort.alternations; i++) {
    note(`health under load, ${i + 1} of ${effort.alternations}`);
    const idle = await watched(mixed, () => measure(sender, mixed, probes));
    const loaded = await watched(mixed, () => besideHeavy(secondSender, mixed, () => measure(sender, mixed, probes)));
    const busy = await watched(mixed, () => measure(sender, mixed, singles));
    rounds.push({ idle, loaded, busy });
  }
  const of = (pick) => median(rounds.map(pick));
  return {
    p50MsIdle: of(({ idle }) => idle.result.latencyMs.p50),
    p99MsIdle: of(({ idle }) => idle.result.latencyMs.p99),
    p50MsUnderLoad: of(({ loaded }) => loaded.result.latencyMs.p50),
    p99MsUnderLoad: of(({ loaded }) => loaded.result.latencyMs.p99),
    p999MsUnderLoad: of(({ loaded }) => loaded.result.latencyMs.p999),
    sendLagP99Ms: of(({ loaded }) => loaded.result.sendLagMs.p99),
    eventLoopP99MsIdle: of(({ idle }) => idle.delay.p99),
    eventLoopP99MsHeavy: of(({ loaded }) => loaded.delay.p99),
    eventLoopP99MsSingle32: of(({ busy }) => busy.delay.p99),
  };
}

/** (f) The light model alone, and beside the heavy one at full load, in turn. */
export async function fairness({ sender, secondSender, mixed, effort, note }) {
  const load = { requests: singleRequests(), connections: LIGHT_CONNECTIONS, ...effort.window };
  const rounds = [];
  await measure(sender, mixed, { ...load, durationMs: effort.warmUpMs });
  for (let i = 0; i < effort.alternations; i++) {
    note(`light beside heavy, ${i + 1} of ${effort.alternations}`);
    const solo = await measure(sender, mixed, load);
    const shared = await besideHeavy(secondSender, mixed, () => measure(sender, mixed, load));
    rounds.push({ solo, shared });
  }
  const of = (pick) => median(rounds.map(pick));
  return {
    lightVsSolo: of(({ solo, shared }) => shared.requestsPerSecond / solo.requestsPerSecond),
    soloRequestsPerSecond: of(({ solo }) => solo.requestsPerSecond),
    sharedRequestsPerSecond: of(({ shared }) => shared.requestsPerSecond),
    soloP99Ms: of(({ solo }) => solo.latencyMs.p99),
    sharedP99Ms: of(({ shared }) => shared.latencyMs.p99),
    spread: spread(rounds.map(({ solo, shared }) => shared.requestsPerSecond / solo.requestsPerSecond)),
  };
}

/** Runs `use` while the heavy network has more to do than it can; the pressure lasts until `use` is done. */
async function besideHeavy(heavySender, { host, port }, use) {
  const load = { host, port, requests: heavyRequests(), connections: HEAVY_CONNECTIONS, durationMs: PRESSURE_LIMIT_MS };
  const pressure = heavySender.send(load);
  await new Promise((resolve) => setTimeout(resolve, MARGIN_MS));
  try {
    return await use();
  } finally {
    heavySender.end();
    await pressure;
  }
}

/** What the event loop of a server with the probe did meanwhile. */
async function watched({ child }, use) {
  child.send('event-loop-delay:reset');
  const result = await use();
  const delay = new Promise((resolve) => child.once('message', resolve));
  child.send('event-loop-delay');
  return { result, delay: await delay };
}
