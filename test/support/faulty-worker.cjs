// An inference thread whose engine fails on demand, for the tests of the pool. Its models do what each text of the input
// `command` says, one after the other, and give for every row its own `length`, the `thread`, its `priority` and the
// number of `rows` of the engine's call; their name (the artifact's path) says how they load.
//
// The clock of this thread stands still but for what calls are said to take: `block` its milliseconds, `hold` some, each
// call a little. So what the pool learns of a model's speed does not depend on how busy the machine is.
const { existsSync } = require('node:fs');
const { getPriority } = require('node:os');
const { setImmediate } = require('node:timers');
const { parentPort, threadId } = require('node:worker_threads');
const { serveEngine } = require('../../dist/engines/worker/serve-engine.js');

const CALL_MS = 0.25;
const HOLD_MS = 40;
let clockMs = 0;
performance.now = () => clockMs;

const wait = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
/** Blocks the thread, as computing does. */
const block = (ms) => {
  wait(ms);
  clockMs += ms;
};
const blockForever = () => {
  for (;;) block(1000);
};
const fillMemory = () => {
  const kept = [];
  for (;;) kept.push(new Array(100_000).fill(kept.length));
};

/** Fills memory outside of the JavaScript heap, as native code does. */
const growForEver = () => {
  const kept = [];
  for (;;) kept.push(Buffer.alloc(8 * 1024 * 1024, 1));
};

const commands = {
  answer: () => {},
  throw: () => {
    throw new Error('secret at /secret/path');
  },
  block: (ms) => block(Number(ms)),
  hang: blockForever,
  hold: (untilFile) => {
    while (!existsSync(untilFile)) wait(2);
    clockMs += HOLD_MS;
  },
  exit: () => process.exit(3),
  'throw-later': () => new Promise(() => setImmediate(commands.throw)),
  'fill-memory': fillMemory,
  grow: growForEver,
  'throw-every-third': () => {
    calls += 1;
    if (calls % 3 === 0) commands.throw();
  },
  'one-row-more': () => {},
};
let calls = 0;

const info = {
  inputs: [{ name: 'command', dtype: 'string', shape: [null] }],
  outputs: ['length', 'thread', 'rows'].map((name) => ({ name, dtype: 'int32', shape: [null] })),
  backend: 'faulty',
  notes: [],
};

serveEngine(parentPort, {
  load: async ({ path }) => {
    const [command, argument] = path.split(' ');
    if (command.startsWith('load-')) await commands[command.slice('load-'.length)](argument);
    return {
      info,
      predict: async (inputs, outputNames) => {
        const { data } = inputs.get('command');
        clockMs += CALL_MS;
        // As if it read its weights from memory: each call takes that long, whatever it holds.
        if (command === 'weights') block(Number(argument));
        const perCall = data.includes('throw-every-third') ? ['throw-every-third'] : data;
        for (const [command, argument] of perCall.map((text) => text.split(' '))) await commands[command](argument);
        const rows = data.length + (data.includes('one-row-more') ? 1 : 0);
        const values = {
          length: (i) => data[i]?.length,
          thread: () => threadId,
          priority: () => getPriority(0),
          rows: () => data.length,
        };
        const column = (valueOf) => ({
          dtype: 'int32',
          shape: [rows],
          data: Int32Array.from({ length: rows }, (_, i) => valueOf(i)),
        });
        return new Map(outputNames.map((name) => [name, column(values[name])]));
      },
      dispose: async () => {},
    };
  },
});
