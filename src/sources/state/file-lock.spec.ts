import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { withFileLock } from './file-lock.js';

const COMPILED = join(__dirname, '..', '..', '..', 'dist', 'sources', 'state', 'file-lock.js');

/** Holds the lock once, and notes when it begins and ends: `node -e PROGRAM name workMs log lock`. */
const PROGRAM = `
  const { appendFileSync } = require('node:fs');
  const { setTimeout: sleep } = require('node:timers/promises');
  const { withFileLock } = require(${JSON.stringify(COMPILED)});
  const [name, workMs, log, lock] = process.argv.slice(1);
  const note = (what) => appendFileSync(log, name + ' ' + what + '\\n');
  withFileLock(lock, async () => {
    note('in');
    await sleep(Number(workMs));
    note('out');
  }, { staleMs: 600, renewMs: 50 });
`;

class Gate {
  open: () => void = () => undefined;
  readonly runnable = new Promise<void>((resolve) => (this.open = resolve));
}

describe('a file lock', () => {
  let folder: string;
  let lock: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bestrun-lock-'));
    lock = join(folder, 'state.lock');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is held by one of three processes at a time, however much longer than the stale time they work', async () => {
    const log = join(folder, 'log');
    const hold = (name: string, workMs: number) =>
      promisify(execFile)(process.execPath, ['-e', PROGRAM, name, String(workMs), log, lock]);

    await Promise.all([hold('a', 2_000), hold('b', 1_000), hold('c', 100)]);

    const lines = readFileSync(log, 'utf8').trim().split('\n');
    const pairs = [0, 2, 4].map((at) => lines.slice(at, at + 2).join());
    expect(pairs.sort()).toEqual(['a in,a out', 'b in,b out', 'c in,c out']);
    expect(readdirSync(folder)).toEqual(['log']);
  });

  it('is taken over when its holder does not renew it, and the holder deletes no lock of another', async () => {
    const [started, end] = [new Gate(), new Gate()];
    const first = withFileLock(
      lock,
      async ({ requireHeld }) => {
        started.open();
        await end.runnable;
        await requireHeld();
      },
      { renewMs: 3_600_000 },
    );
    const lost = expect(first).rejects.toMatchObject({ code: 'ELOCKLOST' });
    await started.runnable;

    const second = withFileLock(
      lock,
      async ({ requireHeld }) => {
        end.open();
        await lost;
        await requireHeld();
        return 'still held';
      },
      { staleMs: 20 },
    );

    expect(await second).toBe('still held');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('does not wait for ever for one that is held', async () => {
    const [started, end] = [new Gate(), new Gate()];
    const first = withFileLock(lock, () => {
      started.open();
      return end.runnable;
    });
    await started.runnable;

    await expect(withFileLock(lock, () => Promise.resolve(), { maxWaitMs: 20 })).rejects.toThrow(
      /^Other processes hold the lock .+state\.lock for longer than 20 ms\.$/,
    );
    end.open();
    await first;
  });

  it('takes over the empty file of a process that ended before it wrote its token', async () => {
    writeFileSync(lock, '');

    expect(await withFileLock(lock, () => Promise.resolve('done'), { staleMs: 20 })).toBe('done');
  });

  it('is given back when the work fails', async () => {
    await expect(withFileLock(lock, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');

    expect(readdirSync(folder)).toEqual([]);
  });
});
