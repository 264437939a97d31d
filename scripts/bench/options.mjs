import { parseArgs } from 'node:util';

import { PEERS } from './peers/peers.mjs';

/** Everything that can be measured, in the order in which it is. */
export const SECTIONS = [
  'single',
  'batch1000',
  'text',
  'heavy',
  'images',
  'health',
  'fairness',
  'clients',
  'overload',
  'growth',
  'start',
  'memory',
  'stores',
];

const FULL = {
  firstWarmUpMs: 4000,
  window: { durationMs: 2000 },
  overloadWindow: { durationMs: 4000 },
  warmUpMs: 1500,
  alternations: 5,
  openAlternations: 3,
  starts: 5,
  storeStarts: 3,
  growthAlternations: 3,
  storeSizes: [1, 100, 5000, 20_000, 50_000],
  memoryRequests: 340_000,
};
const QUICK = {
  firstWarmUpMs: 1000,
  window: { durationMs: 500 },
  overloadWindow: { durationMs: 1000 },
  warmUpMs: 300,
  alternations: 3,
  openAlternations: 1,
  starts: 1,
  storeStarts: 1,
  growthAlternations: 1,
  storeSizes: [1, 100, 5000],
  memoryRequests: 20_000,
};

export const USAGE = `npm run bench -- [options]
  --quick       a short run of everything, about three minutes: shows that it works, the figures mean little
  --only a,b    some of: ${SECTIONS.join(', ')}
  --peers a,b   other servers beside it, installed from PyPI: all, or some of ${PEERS.join(', ')}
  --json        one JSON object on standard output (use npm run --silent bench)
  --markdown    the table for docs/performance.md on standard output`;

/** What the command line asks for. @throws an Error whose message is for the reader. */
export function readOptions(args) {
  const flag = { type: 'boolean', default: false };
  const { values } = parseArgs({
    args,
    options: {
      quick: flag,
      json: flag,
      markdown: flag,
      help: flag,
      only: { type: 'string' },
      peers: { type: 'string' },
    },
  });
  const sections = chosen(values.only, SECTIONS);
  const peerNames = values.peers === undefined || values.peers === 'all' ? PEERS : chosen(values.peers, PEERS);
  return {
    ...values,
    sections: values.peers === undefined ? sections : [...sections, 'peers'],
    peerNames,
    effort: values.quick ? QUICK : FULL,
  };
}

/** The names in a list with commas; all of them when there is no list. */
function chosen(list, all) {
  if (list === undefined) return all;
  const names = list.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`Nothing is called ${unknown.join(', ')}. Choose from ${all.join(', ')}.`);
  return names;
}
