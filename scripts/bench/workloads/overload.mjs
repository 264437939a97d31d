/** Workload (h): more connections than a server can answer at once. */
import { alternateLoads, summaries } from '../measure.mjs';
import { medianRatio } from '../statistics.mjs';
import { singleRequests } from './requests.mjs';

const FEW = 128;
const MANY = 5000;

/**
 * (h) Goodput (answers with 200 per second) at 5,000 connections, closed loop, every server with its default limits: in
 * proportion to bestrun's own at 128 connections, and to the limit's at 5,000. Refusals (503) and lost connections are
 * counted apart; a client here asks again at once, as many do, so that refusing dearly costs the others their answers.
 */
export async function overload({ sender, light, effort, note }) {
  note(`overload, ${FEW} and ${MANY} connections`);
  const [bestrun, limit] = light;
  const requests = singleRequests();
  const entry = (name, contender, connections) => ({
    name,
    contender,
    load: { requests, connections, ...effort.overloadWindow },
  });
  const entries = [
    entry('bestrun128', bestrun, FEW),
    entry('bestrun5000', bestrun, MANY),
    entry('limit5000', limit, MANY),
  ];
  const measured = await alternateLoads({ sender, entries, ...effort, mayFail: true });
  const goodput = (each) => each.goodputPerSecond;
  const cpuPerGoodAnswer = (each) => (each.cpuMsPerRequest * each.answers) / (each.statuses[200] ?? 0);
  const of = summaries(measured);
  return {
    goodput5000: medianRatio(measured, 'bestrun5000', 'bestrun128', goodput),
    vsLimit5000: medianRatio(measured, 'bestrun5000', 'limit5000', goodput),
    cpu: {
      goodput5000: medianRatio(measured, 'bestrun5000', 'bestrun128', cpuPerGoodAnswer),
      vsLimit5000: medianRatio(measured, 'bestrun5000', 'limit5000', cpuPerGoodAnswer),
    },
    closed: {
      [FEW]: { contenders: { bestrun: of.bestrun128 } },
      [MANY]: { contenders: { bestrun: of.bestrun5000, limit: of.limit5000 } },
    },
  };
}
