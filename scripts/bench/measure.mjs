import { cpuMs } from './processes.mjs';
import { SPREAD_LIMIT, median, medianRatio, spread } from './statistics.mjs';

/**
 * Sends one load to one contender and adds the CPU time its process took per answer.
 * @throws when an answer was not 200, or a request got none: figures of a server that fails mean nothing.
 */
export async function measure(sender, contender, load) {
  const { host, port, pid, name } = contender;
  const before = cpuMs(pid);
  const result = await sender.send({ host, port, ...load });
  const cpuMsPerRequest = (cpuMs(pid) - before) / result.answers;
  const others = Object.keys(result.statuses).filter((status) => status !== '200');
  if (others.length > 0 || result.errors > 0 || result.answers === 0) {
    const { statuses, errors, firstError = '' } = result;
    const facts = JSON.stringify({ statuses, errors });
    throw new Error(`${name} did not answer every ${load.requests[0].path} with 200: ${facts} ${firstError}`);
  }
  return { ...result, cpuMsPerRequest };
}

/**
 * Measures contenders in turn, A B C A B C …, each for a short while: a neighbour that takes the machine for some
 * seconds then hits all of them, and the medians not at all.
 * @param {{ sender: object, contenders: object[], load: object, alternations: number, warmUpMs: number }} plan
 * @returns {Promise<Record<string, object>[]>}  per alternation, per contender's name, what was measured.
 */
export async function alternate({ sender, contenders, load, alternations, warmUpMs }) {
  for (const contender of contenders) {
    await measure(sender, contender, { ...load, rate: undefined, durationMs: warmUpMs });
  }
  const measured = [];
  for (let i = 0; i < alternations; i++) {
    const round = {};
    for (const contender of contenders) round[contender.name] = await measure(sender, contender, load);
    measured.push(round);
  }
  return measured;
}

/** Medians per contender, and what bestrun is in proportion to the others. */
export function summarise(alternations) {
  const names = Object.keys(alternations[0]);
  const per = Object.fromEntries(names.map((name) => [name, summary(alternations.map((each) => each[name]))]));
  const ratiosTo = (other) => {
    if (!per[other]) return undefined;
    const ratio = (of) => medianRatio(alternations, 'bestrun', other, of);
    return {
      throughput: ratio((each) => each.requestsPerSecond),
      p50: ratio((each) => each.latencyMs.p50),
      p99: ratio((each) => each.latencyMs.p99),
      cpu: ratio((each) => each.cpuMsPerRequest),
    };
  };
  return { contenders: per, vsLimit: ratiosTo('limit'), vsFastApi: ratiosTo('fastapi') };
}

function summary(results) {
  const of = (pick) => median(results.map(pick));
  const variation = spread(results.map((each) => each.requestsPerSecond));
  return {
    requestsPerSecond: of((each) => each.requestsPerSecond),
    p50Ms: of((each) => each.latencyMs.p50),
    p99Ms: of((each) => each.latencyMs.p99),
    p999Ms: of((each) => each.latencyMs.p999),
    cpuMsPerRequest: of((each) => each.cpuMsPerRequest),
    generatorCpuShare: of((each) => each.generatorCpuShare),
    ...(results[0].sendLagMs && { sendLagP99Ms: of((each) => each.sendLagMs.p99) }),
    spread: variation,
    judgeByCpu: variation > SPREAD_LIMIT,
  };
}
