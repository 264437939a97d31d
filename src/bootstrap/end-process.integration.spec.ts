import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { itOnPosix } from '../../test/support/posix.js';

const dist = join(__dirname, '..', '..', 'dist');
const quoted = (...parts: string[]) => JSON.stringify(join(...parts));

/** How a process ended. */
interface End {
  readonly code: number | null;
  readonly signal: string | null;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bestrun-end-'));
  if (process.platform !== 'win32') spawnSync('mkfifo', [join(folder, 'fifo')]);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** No program can end this thread: it waits in the kernel for a pipe that nobody opens. */
const stuck = () => `require('node:fs').openSync(${quoted(folder, 'fifo')}, 'r')`;

/**
 * How a program with a thread ends.
 *
 * @param program  runs when the thread does, which is `worker`; the kernel says that it waits, where it says such things.
 * @param command  that runs Node.
 */
function endOf(program: string, thread = stuck(), command: readonly string[] = []): Promise<End> {
  const isStuckWanted = thread === stuck();
  const source = `
    const { existsSync, readFileSync, readdirSync } = require('node:fs');
    const { Worker } = require('node:worker_threads');
    const { killProcess, endBySignal, endProcess } = require(${quoted(dist, 'bootstrap', 'end-process.js')});
    const { trackThreadEnd } = require(${quoted(dist, 'lib', 'threads', 'ending-threads.js')});
    const worker = new Worker(${JSON.stringify(thread)}, { eval: true });
    const isStuck = () => readdirSync('/proc/self/task').some((id) => /partner/.test(readFileSync('/proc/self/task/' + id + '/wchan', 'utf8')));
    const timer = setInterval(() => {
      if (${isStuckWanted} && existsSync('/proc/self/task') && !isStuck()) return;
      clearInterval(timer);
      ${program};
    }, 100);
    process.on('SIGTERM', () => {});
    setInterval(() => {}, 1000);`;
  const [file, ...args] = [...command, process.execPath, '-e', source];
  return new Promise((resolve) => {
    execFile(file, args, () => undefined).once('exit', (code, signal) => resolve({ code, signal }));
  });
}

describe('a process with a thread that cannot be ended', () => {
  itOnPosix('ends at once by force, with 137', async () => {
    expect(await endOf('killProcess()')).toEqual({ code: null, signal: 'SIGKILL' });
  });

  itOnPosix('ends with the wanted exit code where Node can give it, else by force', async () => {
    const expected = 'execve' in process ? { code: 1, signal: null } : { code: null, signal: 'SIGKILL' };

    expect(await endOf('trackThreadEnd(worker.terminate()); endProcess(1)')).toEqual(expected);
  });

  itOnPosix('ends at once by a signal that it has handled before', async () => {
    expect(await endOf("endBySignal('SIGTERM')")).toEqual({ code: null, signal: 'SIGTERM' });
  });

  const asPid1 = ['unshare', '--map-root-user', '--pid', '--fork', '--mount-proc'];
  const canBePid1 = spawnSync(asPid1[0]!, [...asPid1.slice(1), 'true']).status === 0;

  (canBePid1 ? it : it.skip)(
    'ends as the first process of a container, which the kernel spares its own signals',
    async () => {
      const programs = ['killProcess()', "endBySignal('SIGTERM')", 'killProcess(1)'];

      const ends = await Promise.all(programs.map((program) => endOf(program, stuck(), asPid1)));

      expect(ends.map(({ code }) => code)).not.toContain(0);
      if ('execve' in process) expect(ends.map(({ code }) => code)).toEqual([137, 143, 1]);
    },
  );
});

describe('a process with a call to the system that does not return', () => {
  /** A disk that hangs, for which a thread of Node's own pool waits. */
  const withHungDisk = (program: string) =>
    endOf(`require('node:fs').promises.open(${quoted(folder, 'fifo')}, 'r'); setImmediate(() => ${program})`, '0');

  itOnPosix('ends with the wanted exit code where Node can give it, else by force', async () => {
    const expected = 'execve' in process ? { code: 3, signal: null } : { code: null, signal: 'SIGKILL' };

    expect(await withHungDisk('endProcess(3)')).toEqual(expected);
  });

  itOnPosix('ends by force, with 137', async () => {
    expect(await withHungDisk('killProcess()')).toEqual({ code: null, signal: 'SIGKILL' });
  });
});

describe('a process whose threads can be ended', () => {
  itOnPosix('ends with the wanted exit code, after them', async () => {
    const program = 'trackThreadEnd(worker.terminate()); endProcess(3)';

    expect(await endOf(program, 'for (;;);')).toEqual({ code: 3, signal: null });
  });
});
