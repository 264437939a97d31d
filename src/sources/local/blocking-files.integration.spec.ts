import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';

import { TestStore, sha256 } from '../../../test/support/stores/build-store.js';
import { HangingDisk } from '../../../test/support/stores/hanging-disk.js';
import { itOnPosix } from '../../../test/support/posix.js';
import { until } from '../../../test/support/until.js';
import type { SourceModel, SourceRun } from '../run-source.js';
import { Disk } from '../files/disk.js';
import { NODE_FILE_SYSTEM } from '../files/file-system.js';
import { LocalRunSource } from './local-run-source.js';
import type { LocalSourceOptions } from './local-run-source.js';

/** Above it the files of a run are not read while others wait. */
const LARGE_BYTES = 5 * 1024 * 1024;

describe('a folder of models in which something blocks', () => {
  let store: TestStore;
  const sources: LocalRunSource[] = [];
  beforeEach(() => {
    store = new TestStore().addModel('adder').addRun('adder', 'good').addModel('odd').addRun('odd', 'odd');
  });
  afterEach(() => {
    for (const source of sources.splice(0)) source.close();
    store.remove();
  });

  const open = (options: LocalSourceOptions = {}) => {
    const source = new LocalRunSource(store.folder, { settleMs: 0, ...options });
    sources.push(source);
    return source;
  };
  const model = (models: readonly SourceModel[], name: string) => models.find(({ location }) => location === name)!;
  const runOf = (models: readonly SourceModel[], location: string): SourceRun =>
    models.flatMap(({ runs }) => runs).find((run) => run.location === location)!;
  const firstReason = (models: readonly SourceModel[], location: string) => {
    const [reason] = runOf(models, location).reasons;
    return reason && `${reason.code}: ${reason.message}`;
  };
  /** Nothing of the store but `odd` is touched by what is odd there. */
  const expectOthersWell = (models: readonly SourceModel[]) => {
    expect(model(models, 'adder').card?.name).toBe('adder');
    expect(runOf(models, 'adder/runs/good').reasons).toEqual([]);
  };
  const artifact = 'odd/runs/odd/artifacts/model.onnx';
  /** Makes the artifact of the odd run larger, and run.json right again. */
  const grow = (bytes: number) => {
    truncateSync(store.path(artifact), bytes);
    const file = 'odd/runs/odd/run.json';
    const run = store.readJson(file);
    store.write(file, { ...run, model: { ...(run.model as object), sha256: sha256(store.path(artifact)) } });
  };

  it('refuses a card by its size, without reading it', async () => {
    truncateSync(store.path('odd/card.json'), 600 * 1024 * 1024);

    const models = await open().listModels();

    expectOthersWell(models);
    expect(model(models, 'odd').issues).toEqual(['card.json has 629145600 bytes; at most 262144 are read.']);
  });

  it('refuses a run.json by its size, without reading it', async () => {
    truncateSync(store.path('odd/runs/odd/run.json'), 100 * 1024 ** 3);

    const models = await open().listModels();

    expectOthersWell(models);
    expect(firstReason(models, 'odd/runs/odd')).toBe(
      'RUN_FILE_INVALID: run.json has 107374182400 bytes; at most 8388608 are read.',
    );
  });

  it('refuses an artifact by its size, without reading it', async () => {
    truncateSync(store.path(artifact), 100 * 1024 ** 3);

    const models = await open().listModels();

    expectOthersWell(models);
    expect(firstReason(models, 'odd/runs/odd')).toBe(
      'ARTIFACT_TOO_LARGE: The files of the run have 107374182400 bytes ("artifacts/model.onnx" has 107374182400); at most 17179869184 are served.',
    );
  });

  itOnPosix.each<[string, (path: string) => void]>([
    ['a pipe', (path) => void spawnSync('mkfifo', [path])],
    ['a folder', (path) => mkdirSync(path)],
    ['a link to a device', (path) => symlinkSync('/dev/zero', path)],
  ])('takes %s in place of a file for what it is', async (_what, put) => {
    for (const path of ['odd/card.json', 'odd/runs/odd/run.json', artifact]) {
      rmSync(store.path(path));
      put(store.path(path));
    }
    store.addRun('odd', 'artifact');
    rmSync(store.path('odd/runs/artifact/artifacts/model.onnx'));
    put(store.path('odd/runs/artifact/artifacts/model.onnx'));

    const models = await open().listModels();

    expectOthersWell(models);
    expect(model(models, 'odd').issues).toEqual(['There is no readable card.json.']);
    expect(firstReason(models, 'odd/runs/odd')).toBe('RUN_FILE_INVALID: run.json is not a file.');
    expect(firstReason(models, 'odd/runs/artifact')).toMatch(
      /^ARTIFACT_(MISSING|OUTSIDE_RUN): "artifacts\/model.onnx"/,
    );
  });

  it('lists the others while the files of a run are read, and the run once that is done', async () => {
    grow(LARGE_BYTES);
    const source = open();

    const before = await source.listModels();
    expectOthersWell(before);
    expect(runOf(before, 'odd/runs/odd').run?.run_id).toBe('odd');
    expect(firstReason(before, 'odd/runs/odd')).toBe(
      `BEING_CHECKED: Its files (${LARGE_BYTES} bytes) are being read, to check that they are those of run.json.`,
    );
    expect(source.checks).toMatchObject([{ location: 'odd/runs/odd', totalBytes: LARGE_BYTES }]);
    await source.nextChecked();

    const after = await source.listModels();
    expect(runOf(after, 'odd/runs/odd').reasons).toEqual([]);
    expect(runOf(after, 'adder/runs/good')).toBe(runOf(before, 'adder/runs/good'));
    expect(source.checks).toEqual([]);
  });

  it('says of a large file that it is another than run.json has', async () => {
    truncateSync(store.path(artifact), LARGE_BYTES);
    const source = open();
    await source.listModels();
    await source.nextChecked();

    expect(firstReason(await source.listModels(), 'odd/runs/odd')).toMatch(
      /^CHECKSUM_MISMATCH: "artifacts\/model.onnx"/,
    );
  });

  it('keeps a run as it was until the check of its new files has ended', async () => {
    const source = open();
    const first = await source.listModels();
    grow(LARGE_BYTES);

    const during = await source.listModels();
    expect(runOf(during, 'odd/runs/odd')).toBe(runOf(first, 'odd/runs/odd'));
    await source.nextChecked();

    const after = runOf(await source.listModels(), 'odd/runs/odd');
    expect(after.run!.model.sha256).toBe(sha256(store.path(artifact)));
    expect(after.reasons).toEqual([]);
  });

  it('checks a run anew whose files change while they are read', async () => {
    grow(LARGE_BYTES);
    const source = open();
    await source.listModels();
    grow(LARGE_BYTES + 1);
    await source.listModels();
    await until(async () => {
      await source.nextChecked();
      return (await source.listModels()) && source.checks.length === 0;
    });

    const run = runOf(await source.listModels(), 'odd/runs/odd');
    expect(run.reasons).toEqual([]);
    expect(run.run!.model.sha256).toBe(sha256(store.path(artifact)));
  });

  it('ends a check that takes too long, and says so', async () => {
    // Half a terabyte that is nowhere: nobody waits for its digest.
    truncateSync(store.path(artifact), 500 * 1024 ** 3);
    const source = open({ maxModelBytes: 1024 ** 4, checkTimeoutMs: 50 });
    expectOthersWell(await source.listModels());
    await source.nextChecked();

    expect(firstReason(await source.listModels(), 'odd/runs/odd')).toBe(
      'ARTIFACT_UNAVAILABLE: The files of the run could not be read within 50 ms.',
    );
  });

  it('reads a large run.json apart from the others, and refuses one of too many values', async () => {
    const file = 'odd/runs/odd/run.json';
    const sound = store.readJson(file);
    store.write(file, { ...sound, description: 'x'.repeat(300_000) });
    store.addRun('odd', 'nested');
    writeFileSync(store.path('odd/runs/nested/run.json'), `[${'[],'.repeat(1_500_000)}[]]`);
    const metrics = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`m${i}`, i]));
    store.addRun('odd', 'measured', { metrics });
    const source = open();

    const before = await source.listModels();
    expectOthersWell(before);
    for (const run of model(before, 'odd').runs) expect(run.reasons[0]!.code).toBe('BEING_CHECKED');
    await until(async () => {
      await source.nextChecked();
      await source.listModels();
      return source.checks.length === 0;
    });

    const after = await source.listModels();
    expect(runOf(after, 'odd/runs/odd').run!.description).toHaveLength(300_000);
    expect(firstReason(after, 'odd/runs/nested')).toBe('RUN_FILE_INVALID: run.json has more than 1000000 values.');
    expect(firstReason(after, 'odd/runs/measured')).toBe(
      'RUN_FILE_INVALID: run.json has more than 100000 values beside its examples.',
    );
  });

  it('gives examples that lie in a file of their own, when the run is opened', async () => {
    const examples = [{ input: { a: 1, b: 2 }, output: { sum: 3 } }];
    store.write('odd/runs/odd/artifacts/examples.json', JSON.stringify(examples));
    const run = store.readJson('odd/runs/odd/run.json');
    const reference = {
      path: 'artifacts/examples.json',
      sha256: sha256(store.path('odd/runs/odd/artifacts/examples.json')),
    };
    store.write('odd/runs/odd/run.json', { ...run, examples: reference });

    const listed = runOf(await open().listModels(), 'odd/runs/odd');
    expect(listed.reasons).toEqual([]);
    expect(listed.run!.examples).toEqual([]);
    const { complete } = await listed.open();

    expect(complete!({ inputs: [], outputs: [] }).examples).toEqual(examples);
  });

  it.each<[string, string, RegExp]>([
    ['are no JSON', '[{', /^"artifacts\/examples.json" is not JSON: /],
    [
      'have another shape',
      '[{"input": {}}]',
      /^"artifacts\/examples.json" \/0: must be an object with the objects "input" and "output", and nothing else\.$/,
    ],
    ['are none', '[]', /^"artifacts\/examples.json" must be a list of 1 to 1000 examples\.$/],
  ])('says what is wrong with examples in a file that %s', async (_what, text, message) => {
    store.write('odd/runs/odd/artifacts/examples.json', text);
    const run = store.readJson('odd/runs/odd/run.json');
    const reference = {
      path: 'artifacts/examples.json',
      sha256: sha256(store.path('odd/runs/odd/artifacts/examples.json')),
    };
    store.write('odd/runs/odd/run.json', { ...run, examples: reference });

    const listed = runOf(await open().listModels(), 'odd/runs/odd');

    await expect(listed.open()).rejects.toMatchObject({ message: expect.stringMatching(message) as string });
  });

  it('goes on without a run folder that does not answer, says so, and takes it when it answers', async () => {
    const hanging = new HangingDisk();
    hanging.hang(store.path('odd/runs/odd'));
    const source = open({ disk: new Disk({ timeoutMs: 150, fileSystem: hanging.fileSystem }) });

    for (const _look of [1, 2]) {
      const models = await source.listModels();
      expectOthersWell(models);
      expect(firstReason(models, 'odd/runs/odd')).toMatch(/cannot be read: the disk does not answer\.$/);
    }
    expect(hanging.asked).toHaveLength(1);
    expect(source.statuses[0]!.problem).toMatch(/^The disk does not answer for 1 of the folders/);
    expect(source.warnings).toEqual([expect.stringContaining(store.path('odd/runs/odd'))]);

    hanging.release();
    await until(() => source.warnings.length === 0);
    expect(runOf(await source.listModels(), 'odd/runs/odd').reasons).toEqual([]);
  });

  it('keeps what it knows of a run and a card while their folder does not answer', async () => {
    const hanging = new HangingDisk();
    const source = open({ disk: new Disk({ timeoutMs: 150, fileSystem: hanging.fileSystem }) });
    const before = await source.listModels();
    hanging.hang(store.path('odd'));

    const during = await source.listModels();

    expect(runOf(during, 'odd/runs/odd')).toBe(runOf(before, 'odd/runs/odd'));
    expect(model(during, 'odd').card).toBe(model(before, 'odd').card);
    hanging.release();
  });

  it('says that the whole folder does not answer', async () => {
    const hanging = new HangingDisk();
    hanging.hang(store.folder);
    const source = open({ disk: new Disk({ timeoutMs: 150, fileSystem: hanging.fileSystem }) });

    await expect(source.listModels()).rejects.toThrow('cannot be read');
    expect(source.statuses[0]!.problem).toBe('The models folder does not answer.');
    hanging.release();
  });

  it('refuses a run folder of too many files, which would be looked at at each poll', async () => {
    const hanging = new HangingDisk();
    const { fileSystem } = hanging;
    const [entry] = await fileSystem.entries(store.path('odd/runs/odd/artifacts'));
    const crowded = {
      ...fileSystem,
      entries: (folder: string) =>
        folder.endsWith('artifacts') && folder.includes('/odd/')
          ? Promise.resolve(Array.from({ length: 20_000 }, () => entry!))
          : fileSystem.entries(folder),
    };

    const models = await open({ disk: new Disk({ fileSystem: crowded }) }).listModels();

    expectOthersWell(models);
    expect(firstReason(models, 'odd/runs/odd')).toBe('ARTIFACT_TOO_LARGE: The run folder holds more than 10000 files.');
  });

  itOnPosix('looks at nothing behind a run folder that is a link out of the store, however much is there', async () => {
    const other = new TestStore().addModel('adder').addRun('adder', 'secret');
    const listed: string[] = [];
    const [entry] = await NODE_FILE_SYSTEM.entries(other.path('adder/runs/secret/artifacts'));
    const crowded = {
      ...NODE_FILE_SYSTEM,
      entries: (folder: string) => {
        listed.push(folder);
        const isOutside = folder.endsWith('odd/runs/link');
        return isOutside
          ? Promise.resolve(Array.from({ length: 20_000 }, () => entry!))
          : NODE_FILE_SYSTEM.entries(folder);
      },
    };
    symlinkSync(other.path('adder/runs/secret'), store.path('odd/runs/link'));

    const models = await open({ disk: new Disk({ fileSystem: crowded }) }).listModels();
    other.remove();

    expectOthersWell(models);
    expect(firstReason(models, 'odd/runs/link')).toBe(
      'ARTIFACT_OUTSIDE_RUN: The run folder is a link that leads out of the store.',
    );
    expect(listed).toContain(store.path('odd/runs/odd'));
    expect(listed).not.toContain(store.path('odd/runs/link'));
  });

  itOnPosix('no longer takes a run whose folder became a link out of the store', async () => {
    const other = new TestStore().addModel('adder').addRun('adder', 'secret');
    const source = open();
    const before = await source.listModels();
    rmSync(store.path('odd/runs/odd'), { recursive: true });
    symlinkSync(other.path('adder/runs/secret'), store.path('odd/runs/odd'));

    const after = await source.listModels();
    other.remove();

    expect(runOf(before, 'odd/runs/odd').reasons).toEqual([]);
    expect(firstReason(after, 'odd/runs/odd')).toMatch(/^ARTIFACT_OUTSIDE_RUN: /);
  });
});
