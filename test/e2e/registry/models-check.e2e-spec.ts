import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { checkModels } from '../../../src/cli/check-command.js';
import type { Run } from '../../../src/domain/run.js';
import type { Signature } from '../../../src/domain/signature.js';
import { runDigest } from '../../../src/registry/history/model-history.js';
import { LocalStateStore } from '../../../src/sources/state/local-state-store.js';
import { createManagedApp, refresh } from '../../support/http/admin.js';
import { ask } from '../../support/http/ask.js';
import { TestStore } from '../../support/stores/build-store.js';
import type { Json } from '../../support/http/get-json.js';

const PROGRAM = join(__dirname, '..', '..', '..', 'dist', 'cli', 'check-models.js');

interface Checked {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program as an operator runs it. */
const checkInProcess = (...args: string[]) =>
  new Promise<Checked>((resolve) => {
    execFile(process.execPath, [PROGRAM, ...args], { timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });

/** What the program runs, without a process of its own. */
async function check(...args: string[]): Promise<Checked> {
  const written = { stdout: '', stderr: '' };
  const collect = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
  const code = await checkModels(
    args,
    { INFERENCE_THREADS: '1' },
    { stdout: collect('stdout'), stderr: collect('stderr') },
  );
  return { code, ...written };
}

/** The lines of the table about a model: its name, the run, the verdict, and the codes of its reasons. */
function verdictsIn(stdout: string, model: string): string[][] {
  const [table] = stdout.split('\n\n');
  const lines: string[][] = [];
  for (const line of table!.split('\n').slice(1)) {
    const [, name, run, verdict] = /^(\S+) +(\S+) +(?:-|f1 \S+) +(.+)$/.exec(line) ?? [];
    const [, code] = /^ {2}([A-Z_]+): /.exec(line) ?? [];
    if (name !== undefined) lines.push([name, run!, verdict!]);
    if (code !== undefined) lines.at(-1)!.push(code);
  }
  return lines.filter(([name]) => name === model);
}

describe('models:check', () => {
  let store: TestStore;

  beforeEach(() => {
    store = new TestStore().addModel('adder');
  });

  afterEach(() => store.remove());

  it('prints a table of verdicts and ends well when every model has a run to serve', async () => {
    store.addRun('adder', 'good', { metrics: { f1: 0.9 } }).addRun('adder', 'failed', { status: 'FAILED' });

    const { code, stdout } = await check(store.folder);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^MODEL +RUN +METRIC +VERDICT\nadder +good +f1 0\.9000 +best: served\n/);
    expect(stdout).toContain("STATUS_NOT_FINISHED: The run's status is FAILED.\n    →");
    expect(stdout).toContain('Every model has a run to serve.');
  });

  it('is a program that prints the same, ends with the same code', async () => {
    store.addRun('adder', 'wrong', { examples: [{ input: { a: 1, b: 1 }, output: { sum: 3 } }] });

    expect(await checkInProcess(store.folder)).toEqual(await check(store.folder));
  });

  it('tells what a server over the store would: why a run serves, what is pinned, what breaks clients, what would win', async () => {
    store.addRun('adder', 'good', { metrics: { f1: 0.9 } }).addRun('adder', 'second', { metrics: { f1: 0.8 } });
    const { signature } = store.readJson('adder/runs/good/run.json') as unknown as Run;
    const relied: Signature = {
      ...signature,
      output: { ...signature.output, properties: { ...signature.output.properties, more: { type: 'number' } } },
    };
    await new LocalStateStore(store.folder).update('adder', (state) => ({
      ...state,
      served: { run_id: 'gone', at: 'then', contract: 'x', signature: relied },
      pin: { run_id: 'second', reason: 'For the audit.', by: 'Ada', at: 'then' },
    }));

    const { code, stdout } = await check(store.folder);

    expect(code).toBe(0);
    expect(stdout).toContain('CONTRACT_BREAKING: The output "more" is gone. (/output/properties/more)');
    expect(stdout).toMatch(/adder +second +f1 0\.8000 +best: served/);
    expect(stdout).toContain('adder: It is pinned by Ada: For the audit.');
    expect(stdout).toContain(
      'To win: A FINISHED run with f1 above 0.8 (or the same, and started later), and no change',
    );
  });

  it('says what a server says of a run that failed in service, of limits, and of runs that it would not try', async () => {
    store.addModel('limited', { promotion: { max_size_bytes: 10 } });
    const f1 = (value: number) => ({ metrics: { f1: value } });
    store.addRun('adder', 'first', f1(0.5)).addRun('limited', 'small', f1(0.5));
    const app = await createManagedApp(store);
    const { signature } = store.readJson('adder/runs/first/run.json') as unknown as Run;
    const breaking = { ...signature, output: { ...signature.output, required: [] } };
    store.addRun('adder', 'failed', f1(0.9)).addRun('adder', 'worse', { ...f1(0.1), signature: breaking });
    store.addRun('adder', 'breaking', { ...f1(0.8), signature: breaking }).addRun('limited', 'large', f1(0.9));
    const failed = store.readJson('adder/runs/failed/run.json') as unknown as Run;
    await new LocalStateStore(store.folder).update('adder', (state) => ({
      ...state,
      failed: [{ run_id: 'failed', digest: runDigest(failed), reason: '5 of its first 5 predictions failed.' }],
    }));
    await refresh(app);
    const before = readFileSync(store.path('adder/.bestrun-state.json'), 'utf8');
    const selections = await Promise.all(
      ['adder', 'limited'].map(async (name) => (await ask(app.baseUrl, `/models/${name}/selection`)).json.data),
    );
    await app.close();

    const { code, stdout } = await check(store.folder);

    expect(code).toBe(0);
    expect(readFileSync(store.path('adder/.bestrun-state.json'), 'utf8')).toBe(before);
    expect(selections.map(({ best_run_id }) => best_run_id as string)).toEqual(['first', 'small']);
    for (const [i, name] of ['adder', 'limited'].entries()) {
      const { best_run_id: best, ranking, why, to_win: toWin } = selections[i]!;
      const verdicts = (ranking as Json[]).map(({ run_id: id, verdict: { eligible, reasons } }) => [
        name,
        id as string,
        id === best ? 'best: served' : eligible ? 'eligible' : 'not eligible',
        ...(reasons as Json[]).map(({ code: reasonCode }) => reasonCode as string),
      ]);
      expect(verdictsIn(stdout, name)).toEqual(verdicts);
      expect(stdout).toContain(`${name}: ${why as string}\n  To win: ${toWin as string}\n`);
    }
    expect(verdictsIn(stdout, 'adder').map((words) => words.slice(1))).toEqual([
      ['failed', 'not eligible', 'FAILED_IN_SERVICE'],
      ['breaking', 'not eligible', 'CONTRACT_BREAKING'],
      ['first', 'best: served'],
      ['worse', 'eligible'],
    ]);
    expect(verdictsIn(stdout, 'limited')[0]).toEqual(['limited', 'large', 'not eligible', 'REHEARSAL_FAILED']);
  });

  it('prints what is worth knowing of a run that may be served', async () => {
    store.addRun('adder', 'lonely');

    const { code, stdout } = await check(store.folder);

    expect(code).toBe(0);
    expect(stdout).toContain('  warning EXAMPLES_FEW: The run has one example.\n    → Record several examples');
  });

  it('writes nothing into a store that no server has seen', async () => {
    store
      .addRun('adder', 'good')
      .addRun('adder', 'wrong', { examples: [{ input: { a: 1, b: 1 }, output: { sum: 3 } }] });

    await check(store.folder);

    expect(readdirSync(store.path('adder')).sort()).toEqual(['card.json', 'runs']);
  });

  it('tries every run, not only the best', async () => {
    store.addRun('adder', 'good', { metrics: { f1: 0.9 } });
    store.addRun('adder', 'wrong', { examples: [{ input: { a: 1, b: 1 }, output: { sum: 3 } }] });

    const { code, stdout } = await check(store.folder);

    expect(code).toBe(0);
    expect(stdout).toContain('SELF_TEST_FAILED');
  });

  it('ends with code 1 when a model has nothing to serve', async () => {
    store.addRun('adder', 'good').addModel('empty');

    const { code, stdout } = await check(store.folder);

    expect(code).toBe(1);
    expect(stdout).toContain('Nothing to serve for: empty.');
  });

  it('names the pointer and the rule of a broken card', async () => {
    store.write('adder/card.json', { ...store.readJson('adder/card.json'), task: 'guessing' });

    const { code, stdout } = await check(store.folder);

    expect(code).toBe(1);
    expect(stdout).toContain('card.json /task: must be one of "binary-classification"');
  });

  it('takes the folder of one model of a store, and says nothing of the others', async () => {
    store.addRun('adder', 'good').addModel('empty');

    const { code, stdout } = await check(store.path('adder'));

    expect([code, verdictsIn(stdout, 'adder')]).toEqual([0, [['adder', 'good', 'best: served']]]);
    expect(stdout).not.toContain('empty');
    expect(stdout).toContain('Every model has a run to serve.');
  });

  it.each([
    ['good', 0, 'This run would serve.'],
    ['second', 0, 'This run may serve, and another one is better.'],
    ['wrong', 1, 'This run may not serve.'],
    ['unreadable', 1, 'This run may not serve.'],
  ])('takes the folder of the run "%s", and judges it among the others of its model', async (run, code, summary) => {
    const wrong = { examples: [{ input: { a: 1, b: 1 }, output: { sum: 3 } }] };
    store.addRun('adder', 'good', { metrics: { f1: 0.9 } }).addRun('adder', 'second', { metrics: { f1: 0.8 } });
    store.addRun('adder', 'wrong', { metrics: { f1: 0.7 }, ...wrong });
    store.write('adder/runs/unreadable/run.json', '{}');

    const answer = await check(store.path(`adder/runs/${run}`));

    expect([answer.code, answer.stdout.trim().split('\n').at(-1)]).toEqual([code, summary]);
    const shown = verdictsIn(answer.stdout, 'adder').map(([, id]) => id);
    expect(shown).toEqual([run === 'unreadable' ? 'adder/runs/unreadable' : run]);
    expect(answer.stdout).toContain('adder: It has the highest f1 of');
  });

  it('says where a run outside a model belongs', async () => {
    store.write('alone/run.json', '{}');

    const { code, stderr } = await check(store.path('alone'));

    expect([code, stderr]).toEqual([
      1,
      `${store.path('alone')} holds a run outside a model: put it at {store}/{model}/runs/alone.\n`,
    ]);
  });

  it('prints how it is used when asked', async () => {
    const { code, stdout } = await check('--help');

    expect([code, stdout]).toEqual([0, expect.stringMatching(/^Usage: npm run models:check /)]);
  });

  it.each([
    ["Unknown option '--all'.", ['--all']],
    ['Only one path can be given.', ['a', 'b']],
  ])('says "%s", and prints how it is used', async (sentence, args) => {
    const { code, stdout, stderr } = await check(...args);

    expect([code, stdout, stderr.split('\n\n').slice(0, 2)]).toEqual([
      2,
      '',
      [sentence, 'Usage: npm run models:check [-- --help] [folder]'],
    ]);
  });

  it('says so when the folder does not exist', async () => {
    const { code, stderr } = await check(join(store.folder, 'nowhere'));

    expect([code, stderr]).toEqual([
      1,
      `${join(store.folder, 'nowhere')} does not exist. Name a store, a model or a run.\n`,
    ]);
  });

  it('says so when a file is named, instead of speaking of MODELS_DIR', async () => {
    const file = store.write('notes.txt', 'x').path('notes.txt');
    const { code, stderr } = await check(file);

    expect([code, stderr]).toEqual([1, `${file} is a file. Name the folder of a store, a model or a run.\n`]);
  });
});
