/** What bestrun costs besides time per request: start, memory, and a store with many runs. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { projectRoot } from '../../lib/project.mjs';
import { startBestrun } from '../contenders/start-contender.mjs';
import { measure } from '../measure.mjs';
import { cpuMs, rssMb } from '../processes.mjs';
import { median } from '../statistics.mjs';
import { writeManyRunsStore } from '../stores/bench-stores.mjs';
import { getRequests, singleRequests } from './requests.mjs';

/** From this many runs on, one start is enough: it takes seconds. */
const MANY_RUNS = 20_000;
/** After this much quiet a process has given back what it gives back, milliseconds. */
const SETTLE_MS = 2000;
/** At least one look at the store at the default interval, milliseconds. */
const IDLE_MS = 12_000;
/** Slices of the long run; memory is read after each. */
const SLICES = 10;
const MEMORY_CONNECTIONS = 32;
const SLICE_LIMIT_MS = 12_000;

const settle = () => new Promise((resolve) => setTimeout(resolve, SETTLE_MS));

/** Share of a core that an idle process takes, looks at its store included. */
async function cpuShare(pid) {
  const before = cpuMs(pid);
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  return (cpuMs(pid) - before) / IDLE_MS;
}

/** From starting the process on the shipped store to its open port, and the memory it then holds. */
export async function start({ processes, effort, note }) {
  const starts = [];
  for (let i = 0; i < effort.starts; i++) {
    note(`start, ${i + 1} of ${effort.starts}`);
    const server = await startBestrun(processes, join(projectRoot, 'models'));
    await settle();
    starts.push({ startMs: server.startMs, rssIdleMb: rssMb(server.pid) });
    await processes.stop(server.child);
  }
  return {
    startMs: median(starts.map((each) => each.startMs)),
    rssIdleMb: median(starts.map((each) => each.rssIdleMb)),
  };
}

/**
 * Memory of the server over many requests. Memory goes up and down with the collector, so growth is between two floors:
 * the lowest of slices 2 to 4 and the lowest of the last three, six slices (200,000 requests in a full run) apart.
 */
export async function memory({ processes, sender, lightStore, effort, note }) {
  const server = await startBestrun(processes, lightStore);
  const load = { requests: singleRequests(), connections: MEMORY_CONNECTIONS, durationMs: SLICE_LIMIT_MS };
  const series = [];
  let requests = 0;
  for (let i = 0; i < SLICES; i++) {
    note(`memory, ${requests} of ${effort.memoryRequests} requests`);
    const result = await measure(sender, server, { ...load, maxRequests: Math.ceil(effort.memoryRequests / SLICES) });
    requests += result.answers;
    series.push(rssMb(server.pid));
  }
  await settle();
  const rssAfterMb = rssMb(server.pid);
  await processes.stop(server.child);
  const early = Math.min(...series.slice(1, 4));
  const late = Math.min(...series.slice(-3));
  return { rssGrowthMb: late - early, rssUnderLoadMb: Math.max(...series), rssAfterMb, requests, series };
}

/** Start, memory and `/runs` on stores of different sizes. */
export async function stores({ processes, sender, folder, effort, note }) {
  const sizes = {};
  for (const size of effort.storeSizes) {
    note(`store with ${size} runs`);
    const store = writeManyRunsStore(join(folder, `runs-${size}`), size);
    const starts = [];
    let idleCpuShare;
    const count = size < MANY_RUNS ? effort.storeStarts : 1;
    for (let i = 0; i < count; i++) {
      const server = await startBestrun(processes, store);
      const list = await measure(sender, server, {
        requests: getRequests('/runs'),
        connections: 1,
        durationMs: effort.window.durationMs,
      });
      const { p50, p99 } = list.latencyMs;
      if (i === count - 1) idleCpuShare = await cpuShare(server.pid);
      starts.push({ startMs: server.startMs, rssMb: rssMb(server.pid), runsP50Ms: p50, runsP99Ms: p99 });
      await processes.stop(server.child);
    }
    const of = (key) => median(starts.map((each) => each[key]));
    sizes[size] = { ...Object.fromEntries(Object.keys(starts[0]).map((key) => [key, of(key)])), idleCpuShare };
    rmSync(store, { recursive: true });
  }
  return { start5000RunsMs: sizes[5000].startMs, sizes };
}
