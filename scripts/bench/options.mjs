import { parseArgs } from 'node:util';

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
  memoryRequests: 20_000,
};

export const USAGE = `npm run bench -- [options]
  --quick       a short run of everything, about three minutes: shows that it works, the figures mean little
  --only a,b    some of: ${SECTIONS.join(', ')}
  --json        one JSON object on standard output (use npm run --silent bench)
  --markdown    the table for docs/performance.md on standard output`;

/** What the command line asks for. @throws an Error whose message is for the reader. */
export function readOptions(args) {
  const flag = { type: 'boolean', default: false };
  const { values } = parseArgs({
    args,
    options: { quick: flag, json: flag, markdown: flag, help: flag, only: { type: 'string' } },
  });
  const sections = values.only ? values.only.split(',').map((name) => name.trim()) : SECTIONS;
  const unknown = sections.filter((name) => !SECTIONS.includes(name));
  if (unknown.length > 0)
    throw new Error(`Nothing is called ${unknown.join(', ')}. Choose from ${SECTIONS.join(', ')}.`);
  return { ...values, sections, effort: values.quick ? QUICK : FULL };
}
