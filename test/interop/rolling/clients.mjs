import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Longest pause of a client between an answer and its next request, milliseconds. */
const PAUSE_MS = 500;

/** Clients that post the same body again and again over connections that they keep, until they are stopped. */
export class Clients {
  #answered = 0;
  /** By status or code of the error. */
  #failures = {};
  #isStopping = false;
  #loops;

  constructor(url, body, count) {
    this.agent = new Agent({ keepAlive: true, maxSockets: count });
    this.#loops = Array.from({ length: count }, () => this.#loop(url, body));
  }

  /** @returns how many requests were answered with 200, and what happened to the others. */
  async stop() {
    this.#isStopping = true;
    await Promise.all(this.#loops);
    this.agent.destroy();
    return { answered: this.#answered, failures: this.#failures };
  }

  async #loop(url, body) {
    while (!this.#isStopping) {
      const outcome = await this.#ask(url, body);
      if (outcome === 200) this.#answered += 1;
      else this.#failures[outcome] = (this.#failures[outcome] ?? 0) + 1;
      await sleep(Math.random() * PAUSE_MS);
    }
  }

  #ask(url, body) {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    return new Promise((resolve) => {
      const sent = request(url, { method: 'POST', agent: this.agent, headers }, (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode));
        response.once('error', (error) => resolve(error.code));
      });
      sent.once('error', (error) => resolve(error.code));
      sent.end(body);
    });
  }
}
