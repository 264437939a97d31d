import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('load-process.mjs', import.meta.url));

/** A process of its own that sends load, kept warm from one measurement to the next. */
export class LoadSender {
  #pending = new Map();
  #nextId = 0;

  /** @param {import('../processes.mjs').Processes} processes  Ends it with the others. */
  constructor(processes) {
    this.child = processes.start(process.execPath, [program], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.child.on('message', ({ id, result, error }) => {
      const { resolve, reject } = this.#pending.get(id);
      this.#pending.delete(id);
      if (error) reject(new Error(error));
      else resolve(result);
    });
    this.child.on('exit', () => {
      for (const { reject } of this.#pending.values()) reject(new Error('The load generator ended.'));
    });
  }

  /** Sends a load and gives what was measured; see LoadGenerator. */
  send(load) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.child.send({ id, load });
    });
  }

  /** Ends the load being sent now, as if its time were up. */
  end() {
    this.child.send('end');
  }
}
