/**
 * `npm run bench`: how fast bestrun is in proportion to the limit (bare node:http with ONNX Runtime inline) and to
 * FastAPI, on this machine, now. docs/performance.md says what each figure means.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';

import { benchPython } from './bench/contenders/bench-python.mjs';
import { startBestrun, startFastApi, startLimit } from './bench/contenders/start-contender.mjs';
import { LoadSender } from './bench/load/load-sender.mjs';
import { measure } from './bench/measure.mjs';
import { USAGE, readOptions } from './bench/options.mjs';
import { Processes } from './bench/processes.mjs';
import { toMarkdown, toTable } from './bench/report.mjs';
import { requireSameAnswers } from './bench/same-answers.mjs';
import { writeImageStore, writeLightStore, writeMixedStore, writeWideStore } from './bench/stores/bench-stores.mjs';
import { clients } from './bench/workloads/clients.mjs';
import { growth } from './bench/workloads/growth.mjs';
import { overload } from './bench/workloads/overload.mjs';
import { peers } from './bench/workloads/peers.mjs';
import {
  batchRequests,
  digitRequests,
  heavyRequests,
  singleRequests,
  textRequests,
} from './bench/workloads/requests.mjs';
import { memory, start, stores } from './bench/workloads/resources.mjs';
import { batch1000, heavy, images, single, text } from './bench/workloads/throughput.mjs';
import { fairness, health } from './bench/workloads/under-pressure.mjs';
import { buildIfStale, installIfNeeded, requireSupportedNode } from './lib/project.mjs';

const measurements = {
  single,
  batch1000,
  text,
  heavy,
  images,
  health,
  fairness,
  clients,
  overload,
  growth,
  peers,
  start,
  memory,
  stores,
};
const withoutContenders = new Set(['start', 'memory', 'stores']);

const note = (line) => console.error(`bench: ${line}`);

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return console.log(USAGE);
  requireSupportedNode();
  installIfNeeded();
  await buildIfStale();
  const processes = new Processes();
  const folder = mkdtempSync(join(tmpdir(), 'bestrun-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  try {
    const report = await measureAll(options, processes, folder);
    if (options.json) console.log(JSON.stringify(report, null, 2));
    else console.log(options.markdown ? toMarkdown(report) : toTable(report));
  } finally {
    processes.killAll();
  }
}

async function measureAll({ sections, effort, quick, peerNames }, processes, folder) {
  const lightStore = writeLightStore(join(folder, 'light'));
  const sender = new LoadSender(processes);
  const bench = { processes, folder, effort, note, sender, lightStore, peerNames };
  const report = { machine: machine(), quick, missing: {}, failed: {} };
  const began = performance.now();
  if (sections.some((name) => !withoutContenders.has(name))) Object.assign(bench, await startContenders(bench, report));
  for (const name of sections) {
    try {
      Object.assign(report, shaped(name, await measurements[name](bench)));
    } catch (error) {
      // The others' minutes are not lost; the exit code says it all the same.
      note(`${name} failed: ${error.message}`);
      report.failed[name] = error.message;
      process.exitCode = 1;
    }
  }
  const mlserver = report.peers?.measured.mlserver;
  if (mlserver && report.batch1000) report.batch1000.vsMlserver = mlserver.loads.batch8.bestrunVsPeer.throughput;
  report.seconds = Math.round((performance.now() - began) / 1000);
  return report;
}

/** Start and memory are figures of the whole server and stand at the top of the report. */
function shaped(name, measured) {
  if (name === 'start') return measured;
  if (name === 'memory') return { rssGrowthMb: measured.rssGrowthMb, memory: measured };
  if (name === 'stores') return { start5000RunsMs: measured.start5000RunsMs, stores: measured.sizes };
  return { [name]: measured };
}

/** All servers run throughout; the ones not asked take no time. */
async function startContenders({ processes, folder, lightStore, sender, effort }, report) {
  note('starting the contenders …');
  const mixedStore = await writeMixedStore(join(folder, 'mixed'));
  const { python, missing } = benchPython();
  const imageStore = writeImageStore(join(folder, 'images'));
  const wideStore = await writeWideStore(join(folder, 'wide'));
  const limit = await startLimit(processes, lightStore, mixedStore, imageStore, wideStore);
  const fastApi = python ? [await startFastApi(processes, python, lightStore, mixedStore)] : [];
  if (missing) report.missing.fastapi = missing;
  if (missing) note(`FastAPI is left out: ${missing}.`);
  const bestrun = await startBestrun(processes, lightStore);
  const mixed = await startBestrun(processes, mixedStore, { probe: true });
  const digits = await startBestrun(processes, imageStore);
  const wide = await startBestrun(processes, wideStore);
  const light = [bestrun, limit, ...fastApi];
  const heavyContenders = [mixed, limit, ...fastApi];
  for (const requests of [singleRequests(), batchRequests(), textRequests()]) await requireSameAnswers(light, requests);
  await requireSameAnswers(heavyContenders, heavyRequests());
  for (const field of ['image', 'pixels']) await requireSameAnswers([digits, limit], digitRequests(field));
  // The compilers of Node need thousands of requests before a server is as fast as it will be.
  const warmUp = { requests: singleRequests(), connections: 32, durationMs: effort.firstWarmUpMs };
  for (const contender of [bestrun, mixed, limit, ...fastApi]) await measure(sender, contender, warmUp);
  report.contenderStartMs = { limit: limit.startMs, ...(fastApi[0] && { fastapi: fastApi[0].startMs }) };
  return {
    light,
    heavy: heavyContenders,
    images: [digits, limit],
    wide: [wide, limit],
    mixed,
    secondSender: new LoadSender(processes),
  };
}

function machine() {
  return { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), node: process.versions.node };
}

main().then(
  () => process.exit(),
  (error) => {
    console.error(`bench: ${error.message}`);
    process.exit(1);
  },
);
