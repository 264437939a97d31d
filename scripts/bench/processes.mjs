import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Clock ticks per second in /proc: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** The processes a benchmark started; each is ended by its own id, also when the benchmark fails or is interrupted. */
export class Processes {
  #running = new Set();

  constructor() {
    process.on('exit', () => this.killAll());
  }

  /** Starts a process and keeps account of it. Arguments as for child_process.spawn. */
  start(command, args, options) {
    const child = spawn(command, args, options);
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    child.once('error', () => this.#running.delete(child));
    return child;
  }

  /** Ends one process, kindly first; resolves when it is gone. */
  async stop(child, graceMs = 3000) {
    if (!this.#running.has(child)) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const insist = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await gone;
    clearTimeout(insist);
  }

  /** Ends all of them at once; fit for an exit handler. */
  killAll() {
    for (const child of this.#running) child.kill('SIGKILL');
  }
}

/** CPU time of a process with all its threads, milliseconds; NaN where there is no /proc. */
export function cpuMs(pid) {
  try {
    // The name in parentheses may hold anything; the fields after it are numbers: utime and stime are the 14th and 15th.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1000;
  } catch {
    return NaN;
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
