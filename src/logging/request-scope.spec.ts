import { setImmediate as nextTurn } from 'node:timers/promises';

import { pino } from 'pino';

import { PinoLogger } from './pino-logger.js';
import { currentRequestId, runForRequest } from './request-scope.js';

const lines: Record<string, unknown>[] = [];
const logger = new PinoLogger(pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }));
beforeEach(() => void lines.splice(0));

describe('lines logged while a request is worked on', () => {
  it('carry its id, also after the work has waited', async () => {
    await runForRequest('a', async (end) => {
      logger.log('at once', 'Test');
      await nextTurn();
      logger.warn('later', 'Test');
      end();
    });

    expect(lines).toMatchObject([{ request_id: 'a' }, { request_id: 'a' }]);
  });

  it('do not carry the id of another request that is worked on at the same time', async () => {
    const work = (id: string) =>
      runForRequest(id, async (end) => {
        for (let i = 0; i < 3; i++) {
          await nextTurn();
          logger.log(`of ${id}`, 'Test');
        }
        end();
      });

    await Promise.all(['a', 'b'].map(work));

    expect(lines).toHaveLength(6);
    for (const { msg, request_id: id } of lines) expect(msg).toBe(`of ${String(id)}`);
  });

  it('keep an id that they name themselves', () => {
    runForRequest('a', (end) => {
      logger.error({ request_id: 'own' }, 'An error.');
      end();
    });

    expect(lines).toMatchObject([{ request_id: 'own' }]);
  });
});

describe('lines logged outside of requests', () => {
  it('carry no id', () => {
    logger.log('by itself', 'Test');

    expect(lines[0]).not.toHaveProperty('request_id');
  });

  it('carry no id when they come from what an answered request left behind, even while others are worked on', async () => {
    const left = runForRequest('a', async (end) => {
      end();
      await nextTurn();
      logger.log('left behind', 'Test');
    });
    const endOther = runForRequest('b', (end) => end);
    await left;
    endOther();

    expect(lines[0]).not.toHaveProperty('request_id');
    expect(currentRequestId()).toBeUndefined();
  });
});
