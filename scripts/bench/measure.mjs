import { cpuMs, mainThreadCpuMs } from './processes.mjs';
import { SPREAD_LIMIT, median, medianRatio, spread } from './statistics.mjs';

/**
 * Sends one load to one contender and adds the CPU time its process took per answer, in all and in its main thread.
 * @param {{ mayFail?: boolean }} options  mayFail: answers that were not expected, and requests without one, are counted
 *   instead of being an error; for loads above what a server can do.
 * @throws when an answer had another status than its request expects (200 unless it says otherwise), or a request got
 *   none: figures of a server that fails mean nothing.
 */
export async function measure(sender, contender, load, { mayFail = false } = {}) {
  const { host, port, pid, name } = contender;
  const cpuOf = () => ({ all: cpuMs(pid), mainThread: mainThreadCpuMs(pid) });
  const before = cpuOf();
  const result = await sender.send({ host, port, ...load });
  const after = cpuOf();
  const cpuMsPerRequest = (after.all - before.all) / result.answers;
  const mainCpuMsPerRequest = (after.mainThread - before.mainThread) / result.answers;
  const hasFailed = result.unexpected > 0 || result.errors > 0;
  if (result.answers === 0 || (hasFailed && !mayFail)) {
    const { statuses, errors, firstError = '' } = result;
    const facts = JSON.stringify({ statuses, errors });
    throw new Error(`${name} did not answer every ${load.requests[0].path} as expected: ${facts} ${firstError}`);
  }
  return { ...result, cpuMsPerRequest, mainCpuMsPerRequest };
}

/**
 * Measures contenders in turn, A B C A B C …, each for a short while: a neighbour that takes the machine for some
 * seconds then hits all of them, and the medians not at all.
 * @param {{ sender: object, contenders: object[], load: object, alternations: number, warmUpMs: number }} plan
 * @returns {Promise<Record<string, object>[]>}  per alternation, per contender's name, what was measured.
 */
export function alternate({ contenders, load, ...plan }) {
  return alternateLoads({
    ...plan,
    entries: contenders.map((contender) => ({ name: contender.name, contender, load })),
  });
}

/**
 * The same with a load of its own for each entry; entries may share a contender.
 * @param {{
 *   sender: object, entries: { name: string, contender: object, load: object }[], alternations: number,
 *   warmUpMs: number, mayFail?: boolean,
 * }} plan
 * @returns {Promise<Record<string, object>[]>}  per alternation, per entry's name, what was measured.
 */
export async function alternateLoads({ sender, entries, alternations, warmUpMs, mayFail }) {
  for (const { contender, load } of entries) {
    const warmUp = { ...load, rate: undefined, quietMs: undefined, durationMs: warmUpMs };
    await measure(sender, contender, warmUp, { mayFail });
  }
  const measured = [];
  for (let i = 0; i < alternations; i++) {
    const round = {};
    for (const { name, contender, load } of entries) {
      round[name] = await measure(sender, contender, load, { mayFail });
    }
    measured.push(round);
  }
  return measured;
}

/** Medians per contender, and what bestrun is in proportion to the others. */
export function summarise(alternations) {
  const per = summaries(alternations);
  const ratios = (other) => (per[other] ? ratiosTo(alternations, other) : undefined);
  return { contenders: per, vsLimit: ratios('limit'), vsFastApi: ratios('fastapi') };
}

/** What bestrun is in proportion to another contender: medians of the ratios within one turn. */
export function ratiosTo(alternations, other) {
  const ratio = (of) => medianRatio(alternations, 'bestrun', other, of);
  return {
    throughput: ratio((each) => each.requestsPerSecond),
    p50: ratio((each) => each.latencyMs.p50),
    p99: ratio((each) => each.latencyMs.p99),
    cpu: ratio((each) => each.cpuMsPerRequest),
    mainCpu: ratio((each) => each.mainCpuMsPerRequest),
  };
}

/** Medians per name over the alternations. */
export function summaries(alternations) {
  const names = Object.keys(alternations[0]);
  return Object.fromEntries(names.map((name) => [name, summary(alternations.map((each) => each[name]))]));
}

function summary(results) {
  const of = (pick) => median(results.map(pick));
  const variation = spread(results.map((each) => each.requestsPerSecond));
  return {
    requestsPerSecond: of((each) => each.requestsPerSecond),
    goodputPerSecond: of((each) => each.goodputPerSecond),
    statuses: total(results.map((each) => each.statuses)),
    errors: results.reduce((sum, each) => sum + each.errors, 0),
    p50Ms: of((each) => each.latencyMs.p50),
    p99Ms: of((each) => each.latencyMs.p99),
    p999Ms: of((each) => each.latencyMs.p999),
    cpuMsPerRequest: of((each) => each.cpuMsPerRequest),
    mainCpuMsPerRequest: of((each) => each.mainCpuMsPerRequest),
    generatorCpuShare: of((each) => each.generatorCpuShare),
    ...(results[0].sendLagMs && { sendLagP99Ms: of((each) => each.sendLagMs.p99) }),
    spread: variation,
    goodputSpread: spread(results.map((each) => each.goodputPerSecond)),
    judgeByCpu: variation > SPREAD_LIMIT,
  };
}

/** Answers by status, over all results. */
function total(counts) {
  const sums = {};
  for (const [status, count] of counts.flatMap(Object.entries)) sums[status] = (sums[status] ?? 0) + count;
  return sums;
}
