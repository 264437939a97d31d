import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { ask } from './ask.js';
import type { Answer } from './ask.js';

const LANES = 4;
/** Between two requests of a lane: the load is steady, and the machine not full. */
const PAUSE_MS = 5;

/** Predictions over several connections, one after the other on each, until they are stopped. */
export class SteadyPredictions {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: LANES });
  private readonly answers: Answer[] = [];
  private readonly lanes: Promise<void>[];
  private isStopped = false;

  /** @param row  what is asked, again and again. */
  constructor(
    private readonly baseUrl: string,
    private readonly model: string,
    private readonly row: object,
  ) {
    this.lanes = Array.from({ length: LANES }, () => this.run());
  }

  /** Every answer, in the order in which they came. */
  async stop(): Promise<readonly Answer[]> {
    this.isStopped = true;
    await Promise.all(this.lanes);
    this.agent.destroy();
    return this.answers;
  }

  /** Waits until a request is answered that was sent after this call. */
  async goOn(): Promise<void> {
    // Of twice as many answers as there are lanes, two came on one lane.
    for (const enough = this.answers.length + 2 * LANES; this.answers.length < enough;) await sleep(PAUSE_MS);
  }

  private async run(): Promise<void> {
    const options = { method: 'POST', body: { inputs: [this.row] }, agent: this.agent };
    while (!this.isStopped) {
      this.answers.push(await ask(this.baseUrl, `/models/${this.model}/predictions`, options));
      await sleep(PAUSE_MS);
    }
  }
}
