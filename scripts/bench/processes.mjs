import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

/** Clock ticks per second in /proc: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** The processes a benchmark started; each is ended by its own id, also when the benchmark fails or is interrupted. */
export class Processes {
  #running = new Set();

  constructor() {
    process.on('exit', () => this.killAll());
  }

  /**
   * Starts a process and keeps account of it. Arguments as for child_process.spawn; `detached` makes it the leader of a
   * group, which is ended as a whole.
   */
  start(command, args, options) {
    const child = spawn(command, args, options);
    child.isGroup = options.detached === true;
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    child.once('error', () => this.#running.delete(child));
    return child;
  }

  /** Ends one process, kindly first; resolves when it is gone. */
  async stop(child, graceMs = 3000) {
    if (!this.#running.has(child)) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    kill(child, 'SIGTERM');
    const insist = setTimeout(() => kill(child, 'SIGKILL'), graceMs);
    await gone;
    clearTimeout(insist);
  }

  /** Ends all of them at once; fit for an exit handler. */
  killAll() {
    for (const child of this.#running) kill(child, 'SIGKILL');
  }
}

/** Ends a process, or its whole group; one that is gone already is no error. */
function kill(child, signal) {
  if (!child.isGroup) return child.kill(signal);
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/**
 * CPU time of a process, all its threads and the processes it started, milliseconds; NaN where there is no /proc. Servers
 * of Python compute in processes of their own.
 */
export function cpuMs(pid) {
  const own = statCpuMs(`/proc/${pid}/stat`);
  return childrenOf(pid).reduce((sum, child) => sum + (cpuMs(child) || 0), own);
}

/** CPU time of the thread in which a process began: of Node that of the event loop, milliseconds. */
export function mainThreadCpuMs(pid) {
  return statCpuMs(`/proc/${pid}/task/${pid}/stat`);
}

function statCpuMs(file) {
  try {
    // The name in parentheses may hold anything; the fields after it are numbers: utime and stime are the 14th and 15th.
    const fields = readFileSync(file, 'utf8').split(') ').at(-1).split(' ');
    return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1000;
  } catch {
    return NaN;
  }
}

function childrenOf(pid) {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/** Memory of a process that is in RAM, MiB; NaN where there is no /proc. */
export function rssMb(pid) {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
  } catch {
    return NaN;
  }
}
