/**
 * The smoke test of a server that somebody else started: `node test/smoke/running.mjs ADDRESS [LIMIT_S]` waits until it
 * is ready, at most LIMIT_S seconds (120 unless given), and asks it. Uses Node alone.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { askServer } from './ask-server.mjs';

const [address = 'http://127.0.0.1:5000', limitS = '120'] = process.argv.slice(2);
const deadline = performance.now() + Number(limitS) * 1000;

const isReady = () =>
  fetch(`${address}/readyz`, { signal: AbortSignal.timeout(5000) }).then(
    ({ ok }) => ok,
    () => false,
  );

while (!(await isReady())) {
  if (performance.now() > deadline) {
    console.error(`smoke: ${address} was not ready after ${limitS} s`);
    process.exit(1);
  }
  await sleep(200);
}
const { models } = await askServer(address);
console.log(`smoke: ${address} serves ${models} models`);
