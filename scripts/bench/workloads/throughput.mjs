/** Workloads (a) to (d) and (i): the same requests to all contenders, in turn. */
import { alternate, summarise } from '../measure.mjs';
import { batchRequests, digitRequests, heavyRequests, singleRequests, textRequests } from './requests.mjs';

const CONNECTIONS = [1, 32, 256];
/** Shares of the limit's own closed-loop throughput. */
const OPEN_SHARES = [0.1, 0.25, 0.5, 0.75];
const BATCH_CONNECTIONS = [1, 8];
const TEXT_CONNECTIONS = [1, 32];
const HEAVY_CONNECTIONS = 8;
const IMAGE_CONNECTIONS = 32;

/** (a) One row, small tabular model: closed loop on 1, 32 and 256 connections, then open loop at fixed rates. */
export async function single({ sender, light, effort, note }) {
  const requests = singleRequests();
  const closed = {};
  for (const connections of CONNECTIONS) {
    note(`single, ${connections} connections`);
    closed[connections] = summarise(
      await alternate({ sender, contenders: light, load: { requests, connections, ...effort.window }, ...effort }),
    );
  }
  const limitRate = closed[32].contenders.limit.requestsPerSecond;
  const open = {};
  for (const share of OPEN_SHARES) {
    const rate = Math.max(1, Math.round(share * limitRate));
    // A server that cannot keep up is not measured by how long its queue grows: that depends on the duration alone.
    const able = light.filter(({ name }) => closed[256].contenders[name].requestsPerSecond > 1.1 * rate);
    note(`single, open loop, ${rate} requests per second`);
    if (able.length === 0) continue;
    const load = { requests, connections: 256, rate, ...effort.window };
    const measured = await alternate({
      ...effort,
      sender,
      contenders: able,
      load,
      alternations: effort.openAlternations,
    });
    const overloaded = light.filter((each) => !able.includes(each)).map(({ name }) => name);
    open[`${share * 100}%`] = { rate, ...summarise(measured), overloaded };
  }
  const at = (connections) => closed[connections];
  return {
    vsLimit1: at(1).vsLimit.throughput,
    vsLimit32: at(32).vsLimit.throughput,
    vsLimit256: at(256).vsLimit.throughput,
    p50VsLimit1: at(1).vsLimit.p50,
    cpuVsLimit1: at(1).vsLimit.cpu,
    p99VsFastApi1: at(1).vsFastApi?.p99 ?? null,
    p99VsLimit32: at(32).vsLimit.p99,
    p99VsLimit256: at(256).vsLimit.p99,
    vsFastApi32: at(32).vsFastApi?.throughput ?? null,
    vsFastApi256: at(256).vsFastApi?.throughput ?? null,
    cpuVsLimit32: at(32).vsLimit.cpu,
    cpuVsLimit256: at(256).vsLimit.cpu,
    cpuVsFastApi32: at(32).vsFastApi?.cpu ?? null,
    closed,
    open,
  };
}

/**
 * (b) A thousand rows in one request; rows per second are a thousand times the requests'. Keys that end in 1 are at one
 * connection. `mainCpu` is the time of the thread that answers requests, for the limit the one that computes, too.
 */
export async function batch1000(bench) {
  const { 1: one, 8: crowd } = await closedLoops(
    bench,
    'batch of 1,000 rows',
    bench.light,
    batchRequests(),
    BATCH_CONNECTIONS,
  );
  return {
    ...figuresOf(crowd),
    mainCpuVsLimit: crowd.vsLimit.mainCpu,
    vsLimit1: one.vsLimit.throughput,
    cpuVsLimit1: one.vsLimit.cpu,
    mainCpuVsLimit1: one.vsLimit.mainCpu,
    closed: { 1: one, 8: crowd },
  };
}

/** (c) One text through project-tags, cleaned by every contender; `vsLimit1` is at one connection. */
export async function text(bench) {
  const { 1: one, 32: crowd } = await closedLoops(bench, 'text', bench.light, textRequests(), TEXT_CONNECTIONS);
  return { ...figuresOf(crowd), vsLimit1: one.vsLimit.throughput, closed: { 1: one, 32: crowd } };
}

/** (d) One row through a network that takes tens of milliseconds. */
export function heavy(bench) {
  return closedLoop(bench, 'heavy network', bench.heavy, heavyRequests(), HEAVY_CONNECTIONS);
}

/** (i) One digit of 8 × 8 grey values, as a PNG and as numbers; FastAPI is not asked. */
export async function images(bench) {
  const measured = {};
  for (const [key, field] of [
    ['png', 'image'],
    ['pixels', 'pixels'],
  ]) {
    measured[key] = await closedLoop(bench, `digits, ${key}`, bench.images, digitRequests(field), IMAGE_CONNECTIONS);
  }
  return measured;
}

async function closedLoop(bench, title, contenders, requests, connections) {
  const closed = await closedLoops(bench, title, contenders, requests, [connections]);
  return { ...figuresOf(closed[connections]), closed };
}

/** The same requests at each number of connections. */
async function closedLoops({ sender, effort, note }, title, contenders, requests, allConnections) {
  const closed = {};
  for (const connections of allConnections) {
    note(`${title}, ${connections} connections`);
    const load = { requests, connections, ...effort.window };
    closed[connections] = summarise(await alternate({ sender, contenders, load, ...effort }));
  }
  return closed;
}

const figuresOf = ({ vsLimit, vsFastApi }) => ({
  vsLimit: vsLimit.throughput,
  vsFastApi: vsFastApi?.throughput ?? null,
  p99VsLimit: vsLimit.p99,
  cpuVsLimit: vsLimit.cpu,
  cpuVsFastApi: vsFastApi?.cpu ?? null,
});
