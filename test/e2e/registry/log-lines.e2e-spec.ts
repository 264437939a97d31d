import { renameSync, rmSync } from 'node:fs';

import { ADMIN_KEY, askAsAdmin, refresh } from '../../support/http/admin.js';
import type { Json } from '../../support/http/get-json.js';
import { WatchedApp } from '../../support/http/watched-app.js';
import { TestStore } from '../../support/stores/build-store.js';

const ERROR = 50;

describe('the log of a server, as an operator reads it', () => {
  let store: TestStore;
  let app: WatchedApp;
  const start = async (environment: Record<string, string> = {}) => {
    const fixed = { MODELS_DIR: store.folder, REFRESH_INTERVAL_MS: '0', REFRESH_SETTLE_MS: '0' };
    app = await WatchedApp.start({ ...fixed, ADMIN_API_KEY: ADMIN_KEY, ...environment });
  };
  const lookTwice = async () => {
    for (let i = 0; i < 2; i++) await askAsAdmin(app, 'POST', '/models/refresh');
  };
  const lines = (text: RegExp) => app.log.filter(({ msg }) => text.test(msg as string));
  beforeEach(() => void (store = new TestStore().addModel('adder').addRun('adder', 'one')));
  afterEach(async () => {
    await app.close();
    store.remove();
  });

  it('says why the store cannot be read, again for each further cause, and when it can', async () => {
    await start();
    const away = `${store.folder}-away`;
    rmSync(store.path('adder'), { recursive: true });
    await lookTwice();
    renameSync(store.folder, away);
    await lookTwice();
    renameSync(away, store.folder);
    store.addModel('adder').addRun('adder', 'one');
    await refresh(app);

    const said = lines(/^The store can/).map(({ level, msg }) => [level, (msg as string).replace(store.folder, '…')]);
    expect(said).toEqual([
      [
        ERROR,
        'The store cannot be read; the served runs do not change: it holds no models any more. If that is meant, start the server again.',
      ],
      [
        ERROR,
        'The store cannot be read; the served runs do not change: The models folder … cannot be read. Set MODELS_DIR to the folder that holds your models.',
      ],
      [30, 'The store can be read again'],
    ]);
  });

  it('says of a refused run what to do, and nothing of the inside of the server', async () => {
    await start();
    store.addRun('adder', 'damaged', { metrics: { f1: 1 } });
    store.write(`adder/runs/damaged/${(store.readJson('adder/runs/damaged/run.json').model as Json).path}`, 'damaged');
    store.addRun('adder', 'wrong', { metrics: { f1: 2 }, examples: [{ input: { a: 1, b: 1 }, output: { sum: 5 } }] });
    store.addRun('adder', 'narrow', {
      metrics: { f1: 3 },
      signature: {
        input: {
          type: 'object',
          properties: { a: { type: 'number', maximum: 1 }, b: { type: 'number' } },
          required: ['a', 'b'],
        },
        output: { type: 'object', properties: { sum: { type: 'number' } } },
      },
    });
    await refresh(app);

    const said = lines(/^Run /);
    expect(said.map(({ msg }) => (msg as string).replace(/(: [A-Z_]+): .*?( →)/, '$1: …$2'))).toEqual(
      expect.arrayContaining([
        'Run adder/runs/damaged is not eligible: CHECKSUM_MISMATCH: … → The file changed after run.json was written: copy it again or write the new sha256.',
        expect.stringMatching(/^Run wrong of model adder is not eligible: SELF_TEST_FAILED: … → \S/) as string,
        expect.stringMatching(/^Run narrow of model adder is (not eligible|rejected): [A-Z_]+: … → \S/) as string,
      ]),
    );
    expect(said.filter(({ err }) => err !== undefined)).toEqual([]);
  });

  it('says where to look when a model has no run that can be served, and what a broken card means', async () => {
    store.write('adder/runs/one/run.json', '{').write('new/card.json', '{');
    await start({ ALLOW_EMPTY: 'true' });

    expect(lines(/^Model /).map(({ msg }) => (msg as string).replace(/not JSON.*?\./, 'not JSON.'))).toEqual([
      'Model new: card.json is not JSON. It is not served. Write card.json as schemas/card.schema.json describes it.',
      'Model adder has no run that can be served: requests for it are answered 503. GET /models/adder/selection says why of each run',
    ]);

    store.addModel('new');
    await refresh(app);

    expect(lines(/can be used again/).map(({ msg }) => msg)).toEqual(['Model new: its card can be used again']);
  });
});
