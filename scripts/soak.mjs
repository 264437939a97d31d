/**
 * `npm run test:soak`: many promotions under load, faults of real processes, the load generator's own tests, requests made at
 * random from a seed of today, and 100,000 random rows for each of ten random contracts, by generated and by general code.
 * About twenty minutes; `--ci` is a part of a few minutes. Other arguments go to Jest.
 */
import { installIfNeeded, requireSupportedNode } from './lib/project.mjs';
import { runJest } from './lib/run-jest.mjs';

requireSupportedNode();
installIfNeeded();
const isShort = process.argv.includes('--ci');
const args = process.argv.slice(2).filter((arg) => arg !== '--ci');
const environment = {
  SOAK: isShort ? 'ci' : 'full',
  FUZZ_RUNS: process.env.FUZZ_RUNS ?? (isShort ? '500' : '5000'),
  PROPERTY_RUNS: process.env.PROPERTY_RUNS ?? (isShort ? '5' : '10'),
  PROPERTY_ROWS: process.env.PROPERTY_ROWS ?? (isShort ? '2000' : '100000'),
  FUZZ_SEED: process.env.FUZZ_SEED ?? String(Date.now()),
};
console.error(`soak: ${environment.FUZZ_RUNS} random requests of each kind, FUZZ_SEED=${environment.FUZZ_SEED}`);
process.exit(await runJest(['--config', 'test/soak/jest.config.cjs', ...args], environment));
