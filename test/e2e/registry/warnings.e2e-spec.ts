import { ask } from '../../support/http/ask.js';
import { TestStore } from '../../support/stores/build-store.js';
import type { Json } from '../../support/http/get-json.js';
import { ServerProcess } from '../../support/http/server-process.js';

describe('a run that may be served, with warnings', () => {
  let store: TestStore;
  let server: ServerProcess;
  afterEach(async () => {
    await server.remove();
    store.remove();
  });

  it('tells them in its verdict wherever that is shown, and in one line of the log when it comes to serve', async () => {
    store = new TestStore().addModel('adder').addRun('adder', 'lonely', { metrics: { f1: 0.9 } });
    server = ServerProcess.start({ MODELS_DIR: store.folder });
    const baseUrl = await server.ready();

    const { ranking } = (await ask(baseUrl, '/models/adder/selection')).json.data;
    const { verdict } = (await ask(baseUrl, '/runs/lonely')).json.data;

    expect(verdict).toMatchObject({
      eligible: true,
      reasons: [],
      warnings: [{ code: 'EXAMPLES_FEW', message: 'The run has one example.', fix: expect.any(String) }],
    });
    expect((ranking as Json[])[0].verdict).toEqual(verdict);
    const lines = server.log.filter(({ msg }) => String(msg).includes('EXAMPLES_FEW'));
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      [
        expect.anything(),
        expect.stringMatching(
          /^Run lonely of model adder serves with warnings: EXAMPLES_FEW: The run has one example\. → Record several/,
        ),
      ],
    ]);
  });
});
