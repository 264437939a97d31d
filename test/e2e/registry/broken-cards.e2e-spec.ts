import { mkdirSync } from 'node:fs';

import { ADMIN_KEY, refresh } from '../../support/http/admin.js';
import { TestStore } from '../../support/stores/build-store.js';
import { getJson } from '../../support/http/get-json.js';
import { WatchedApp } from '../../support/http/watched-app.js';

describe('a card that cannot be used, while the server runs', () => {
  it('is logged with what counts: only a model that was known before has something that does', async () => {
    const store = new TestStore().addModel('adder').addRun('adder', 'one');
    const environment = { MODELS_DIR: store.folder, REFRESH_INTERVAL_MS: '0', REFRESH_SETTLE_MS: '20' };
    const app = await WatchedApp.start({ ...environment, ADMIN_API_KEY: ADMIN_KEY });
    mkdirSync(store.path('lost+found'));
    await refresh(app);
    const health = await getJson(`${app.baseUrl}/health`);
    store.write('adder/card.json', '{').write('new/card.json', '{');
    await refresh(app);
    const warnings = app.log.filter(({ context, level }) => context === 'RefreshService' && Number(level) === 40);
    await app.close();
    store.remove();

    expect(health.data.status).toBe('ok');
    expect(warnings.map(({ msg }) => (msg as string).replace(/: .*\./, ': ….'))).toEqual([
      'Model adder: ….',
      'Model new: ….',
    ]);
    expect(warnings.map(({ msg }) => /stays in use/.test(msg as string))).toEqual([true, false]);
  });
});
