import { setImmediate as nextTurn } from 'node:timers/promises';

import { LARGE_BODY_BYTES, turnOfBody } from './large-body-scheduler.js';

describe('turnOfBody', () => {
  it('lets a small body pass at once', () => {
    expect(turnOfBody(LARGE_BODY_BYTES - 1)).toBeUndefined();
  });

  it('gives large bodies one turn of the event loop each, in the order they came', async () => {
    let turn = 0;
    const passed: [string, number][] = [];
    const waiting = ['a', 'b', 'c'].map((body) => turnOfBody(LARGE_BODY_BYTES)!.then(() => passed.push([body, turn])));

    for (; passed.length < 3; turn += 1) await nextTurn();
    await Promise.all(waiting);

    const turns = passed.map(([, each]) => each);
    expect(passed.map(([body]) => body)).toEqual(['a', 'b', 'c']);
    expect(new Set(turns).size).toBe(3);
  });
});
