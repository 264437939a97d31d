import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { ask } from './ask.js';
import type { Answer } from './ask.js';

const LANES = 4;
/** Between two requests of a lane, milliseconds: the load is steady, and the machine not full. */
const PAUSE_MS = 20;

/**
 * The answers of one lane in the order in which they were asked for. A lane asks only after its last answer; between
 * lanes there is no order: of two answers under way at once, the older may arrive last.
 */
export type LaneAnswers = readonly Answer[];

/** Predictions over several lanes, one after the other on each, until they are stopped. */
export class SteadyPredictions {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: LANES + 1 });
  private readonly lanes: Answer[][] = Array.from({ length: LANES }, () => []);
  /** Asked by `goOn`. */
  private readonly ownLane: Answer[] = [];
  private readonly running: Promise<unknown>;
  private isStopped = false;

  /** @param row  what is asked, again and again. */
  constructor(
    private readonly baseUrl: string,
    private readonly model: string,
    private readonly row: object,
  ) {
    this.running = Promise.all(this.lanes.map((lane) => this.run(lane)));
  }

  /** The answers of every lane; the first lane is that of `goOn`. */
  async stop(): Promise<readonly LaneAnswers[]> {
    this.isStopped = true;
    await this.running;
    this.agent.destroy();
    return [this.ownLane, ...this.lanes];
  }

  /** Waits until a request is answered that was sent after this call. */
  goOn(): Promise<void> {
    return this.askOn(this.ownLane);
  }

  private async run(lane: Answer[]): Promise<void> {
    while (!this.isStopped) {
      await this.askOn(lane);
      await sleep(PAUSE_MS);
    }
  }

  private async askOn(lane: Answer[]): Promise<void> {
    const options = { method: 'POST', body: { inputs: [this.row] }, agent: this.agent };
    lane.push(await ask(this.baseUrl, `/models/${this.model}/predictions`, options));
  }
}
