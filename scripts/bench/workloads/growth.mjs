/** How the cost of a request grows: connections, rows and features from few to many, each in turn with the limit. */
import { alternateLoads, summaries } from '../measure.mjs';
import { WIDTHS } from '../stores/wide-model.mjs';
import { passengerBatches, singleRequests, wideRequests } from './requests.mjs';

const CONNECTIONS = [1, 8, 32, 128, 512, 2000, 5000];
const ROWS = [1, 10, 100, 1000, 10_000];
const ROWS_CONNECTIONS = 4;
const FEATURES_CONNECTIONS = 4;
/** Rows of each request of the wide models. */
const WIDE_ROWS = 100;

/** @returns per kind of growth and size: medians of bestrun and of the limit. */
export async function growth({ sender, light: [bestrun, limit], wide, effort, note }) {
  const sizes = async (kind, all, loadOf, contenders = [bestrun, limit]) => {
    const measured = {};
    for (const size of all) {
      note(`growth, ${kind}, ${size}`);
      const load = { ...loadOf(size), ...effort.window };
      const entries = contenders.map((contender) => ({ name: contender.name, contender, load }));
      const alternations = effort.growthAlternations;
      measured[size] = summaries(await alternateLoads({ ...effort, sender, entries, alternations, mayFail: true }));
    }
    return measured;
  };
  return {
    connections: await sizes('connections', CONNECTIONS, (connections) => ({
      requests: singleRequests(),
      connections,
    })),
    rows: await sizes('rows', ROWS, (rows) => ({ requests: passengerBatches(rows), connections: ROWS_CONNECTIONS })),
    features: await sizes(
      'features',
      WIDTHS,
      (width) => ({ requests: wideRequests(width, WIDE_ROWS), connections: FEATURES_CONNECTIONS }),
      wide,
    ),
  };
}
