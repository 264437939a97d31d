// An inference thread whose engine fails on demand, for the tests of the pool. Its models compute what the first text of
// the input `command` says; their name (the artifact's path) says how they load.
const { setImmediate } = require('node:timers');
const { parentPort, threadId } = require('node:worker_threads');
const { serveEngine } = require('../../dist/engines/worker/serve-engine.js');

/** Blocks the thread, as computing does. */
const block = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const blockForever = () => {
  for (;;) block(1000);
};
const fillMemory = () => {
  const kept = [];
  for (;;) kept.push(new Array(100_000).fill(kept.length));
};

const commands = {
  answer: () => {},
  throw: () => {
    throw new Error('secret at /secret/path');
  },
  block: (ms) => block(Number(ms)),
  hang: blockForever,
  exit: () => process.exit(3),
  'throw-later': () => new Promise(() => setImmediate(commands.throw)),
  'fill-memory': fillMemory,
};

const info = { inputs: [], outputs: [], backend: 'faulty', notes: [] };

serveEngine(parentPort, {
  load: async ({ path }) => {
    if (path.startsWith('load-')) await commands[path.slice('load-'.length)]();
    if (path.startsWith('slow-load')) block(150);
    return {
      info,
      predict: async (inputs) => {
        const [command, argument] = inputs.get('command').data[0].split(' ');
        await commands[command](argument);
        return new Map([['thread', { dtype: 'int32', shape: [1], data: Int32Array.of(threadId) }]]);
      },
      dispose: async () => {},
    };
  },
});
