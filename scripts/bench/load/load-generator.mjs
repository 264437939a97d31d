import { createHistogram } from 'node:perf_hooks';
import { clearImmediate, clearTimeout, setImmediate, setTimeout } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';

import { HttpConnection, requestBytes } from './http-connection.mjs';

/** How long answers may take that are still out when the time is up, milliseconds. */
const DRAIN_MS = 10_000;
/** A timer may come this late, milliseconds; the last stretch before a lone arrival is spent awake. */
const TIMER_SLACK_MS = 1.5;
/** Below this rate (requests per second) arrivals are far enough apart to wait for each one awake. */
const LONE_ARRIVALS = 250;
/** Pause before a lost connection is opened again, milliseconds. */
const RECONNECT_MS = 20;
/** So many connections are being opened at a time: a server's backlog of unaccepted ones is 511 in Node. */
const OPENING_AT_A_TIME = 200;
/** Microseconds, within 0.1 %: nothing here takes longer than an hour. */
const HISTOGRAM = { lowest: 1, highest: 3_600_000_000, figures: 3 };

/** Counts a latency in milliseconds; the histogram takes whole microseconds from 1 on. */
const record = (histogram, ms) => histogram.record(Math.max(1, Math.floor(ms * 1000)));
/** The latency in milliseconds that the percentage of the requests did not pass; NaN when nothing was recorded. */
const percentileMs = (histogram, percentage) =>
  histogram.count === 0 ? NaN : Math.min(histogram.percentile(percentage), histogram.max) / 1000;

/**
 * Sends requests to one server and measures.
 *
 * Closed loop (no `rate`): every connection sends its next request when it has its answer; latency counts from sending.
 * Open loop (`rate`): request k arrives at k / rate whatever the server does; when all connections are taken it waits,
 * and latency counts from its arrival. So a server that stalls is charged for everything that would have come meanwhile.
 *
 * Requests per second count the answers within the time; latencies count every answer, also the ones still out at its
 * end, else the slowest would be missing.
 */
export class LoadGenerator {
  #latency = createHistogram(HISTOGRAM);
  #lag = createHistogram(HISTOGRAM);
  #statuses = {};
  #unexpected = 0;
  #idle = [];
  #connections = new Set();
  #sentAt = new Map();
  #errors = 0;
  #firstError;
  #arrived = 0;
  #sent = 0;
  #inWindow = 0;
  #goodInWindow = 0;
  #waiting = [];
  #nextWaiting = 0;
  #isOver = false;

  /**
   * @param {{
   *   host: string, port: number, connections: number, durationMs: number,
   *   requests: {
   *     method: string, path: string, body?: string, headers?: Record<string, string>, expectedStatus?: number,
   *   }[],
   *   rate?: number, maxRequests?: number, quietMs?: number,
   * }} load  requests are sent in turn, whatever the connection, and each expects 200 unless it says otherwise;
   *   maxRequests ends a closed loop early; quietMs passes between opening the connections and the first request.
   */
  constructor(load) {
    this.load = load;
    this.requests = load.requests.map((request) => ({
      bytes: requestBytes(request),
      expectedStatus: request.expectedStatus ?? 200,
    }));
  }

  /** Ends before the time is up; what is out is still waited for. */
  end() {
    if (this.startedAt !== undefined) this.#end();
  }

  /** Opens the connections, sends for the given time, waits for what is out, and closes. */
  async run() {
    const { connections, durationMs, rate, quietMs } = this.load;
    await this.#open(connections);
    if (quietMs) await Promise.race([sleep(quietMs, undefined, { ref: false }), this.refusal]);
    const cpuBefore = process.cpuUsage();
    this.startedAt = performance.now();
    this.endsAt = this.startedAt + durationMs;
    const finished = new Promise((resolve) => (this.finish = resolve));
    const ends = setTimeout(() => this.#end(), durationMs);
    if (rate) this.#arrive();
    else for (const connection of this.#idle.splice(0)) this.#send(connection, performance.now());
    await finished;
    clearTimeout(ends);
    const seconds = (this.stoppedAt - this.startedAt) / 1000;
    const { user, system } = process.cpuUsage(cpuBefore);
    const wallMs = performance.now() - this.startedAt;
    for (const connection of this.#connections) connection.destroy();
    return this.#result(seconds, (user + system) / 1000 / wallMs);
  }

  #result(seconds, cpuShare) {
    return {
      requestsPerSecond: this.#inWindow / seconds,
      goodputPerSecond: this.#goodInWindow / seconds,
      answers: this.#latency.count,
      sent: this.#sent,
      arrived: this.load.rate ? this.#arrived : this.#sent,
      errors: this.#errors,
      ...(this.#firstError && { firstError: this.#firstError }),
      statuses: this.#statuses,
      unexpected: this.#unexpected,
      latencyMs: {
        mean: this.#latency.mean / 1000,
        p50: percentileMs(this.#latency, 50),
        p90: percentileMs(this.#latency, 90),
        p99: percentileMs(this.#latency, 99),
        p999: percentileMs(this.#latency, 99.9),
        max: percentileMs(this.#latency, 100),
      },
      // How late this process itself was, with a connection free; it is part of the latencies above.
      ...(this.load.rate && { sendLagMs: { p50: percentileMs(this.#lag, 50), p99: percentileMs(this.#lag, 99) } }),
      seconds,
      generatorCpuShare: cpuShare,
    };
  }

  /** Opens the connections a part at a time; rejects when the server refuses or closes one before it was used. */
  async #open(count) {
    this.refusal = new Promise((_resolve, reject) => (this.refused = reject));
    this.refusal.catch(() => {});
    while (this.#idle.length < count) {
      const all = Math.min(count, this.#idle.length + OPENING_AT_A_TIME);
      const opened = new Promise((resolve) => {
        this.opened = () => this.#idle.length === all && resolve();
      });
      while (this.#connections.size < all) this.#connect();
      await Promise.race([opened, this.refusal]);
    }
  }

  #connect() {
    const { host, port } = this.load;
    const connection = new HttpConnection(
      { host, port },
      {
        onOpen: (opened) => this.#opened(opened),
        onAnswer: (answered, status) => this.#answered(answered, status),
        onClose: (closed, reason) => this.#closed(closed, reason),
      },
    );
    this.#connections.add(connection);
  }

  #opened(connection) {
    if (this.startedAt === undefined) {
      this.#idle.push(connection);
      this.opened();
    } else this.#next(connection);
  }

  #answered(connection, status) {
    const now = performance.now();
    record(this.#latency, now - this.#sentAt.get(connection));
    this.#sentAt.delete(connection);
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    if (status !== connection.expectedStatus) this.#unexpected++;
    if (!this.#isOver && now <= this.endsAt) {
      this.#inWindow++;
      if (status === 200) this.#goodInWindow++;
    }
    // A connection the server ends after this answer reports its end next, and is replaced then.
    if (connection.isLast) connection.destroy();
    else this.#next(connection);
  }

  #closed(connection, reason) {
    this.#connections.delete(connection);
    const place = this.#idle.indexOf(connection);
    if (place >= 0) this.#idle.splice(place, 1);
    if (this.startedAt === undefined) {
      this.refused(reason ?? new Error('The server closed a connection before it was used.'));
      return;
    }
    if (this.#sentAt.delete(connection)) {
      this.#errors++;
      this.#firstError ??= reason?.message ?? 'The server closed the connection without an answer.';
    }
    if (this.#isOver) this.#finishWhenDrained();
    else setTimeout(() => this.#isOver || this.#connect(), RECONNECT_MS);
  }

  /** Gives a free connection its next request, if there is one. */
  #next(connection) {
    const { rate, maxRequests } = this.load;
    if (rate) {
      if (!this.#isOver) this.#noteArrivals(performance.now());
      if (this.#nextWaiting < this.#waiting.length) return this.#send(connection, this.#takeWaiting());
      this.#idle.push(connection);
      if (this.#isOver) this.#finishWhenDrained();
      return;
    }
    if (maxRequests && this.#sent >= maxRequests && !this.#isOver) this.#end();
    if (this.#isOver) this.#finishWhenDrained();
    else this.#send(connection, performance.now());
  }

  #send(connection, since) {
    this.#sentAt.set(connection, since);
    const request = this.requests[this.#sent++ % this.requests.length];
    connection.expectedStatus = request.expectedStatus;
    connection.send(request.bytes);
  }

  /** Sends what has arrived, and comes back when the next request arrives. */
  #arrive() {
    if (this.#isOver) return;
    const now = performance.now();
    this.#noteArrivals(now);
    while (this.#nextWaiting < this.#waiting.length && this.#idle.length > 0) {
      const since = this.#takeWaiting();
      record(this.#lag, now - since);
      this.#send(this.#idle.pop(), since);
    }
    const wait = this.#arrivalTime(this.#arrived) - performance.now();
    const awake = this.load.rate <= LONE_ARRIVALS && wait <= TIMER_SLACK_MS;
    if (awake) this.immediate = setImmediate(() => this.#arrive());
    else this.timer = setTimeout(() => this.#arrive(), this.load.rate <= LONE_ARRIVALS ? wait - TIMER_SLACK_MS : 1);
  }

  #arrivalTime(index) {
    return this.startedAt + (index * 1000) / this.load.rate;
  }

  #noteArrivals(now) {
    for (let at; (at = this.#arrivalTime(this.#arrived)) <= now && at < this.endsAt;) {
      this.#waiting.push(at);
      this.#arrived++;
    }
  }

  #takeWaiting() {
    const since = this.#waiting[this.#nextWaiting++];
    if (this.#nextWaiting === this.#waiting.length) {
      this.#waiting = [];
      this.#nextWaiting = 0;
    }
    return since;
  }

  #end() {
    if (this.#isOver) return;
    if (this.load.rate) this.#noteArrivals(this.endsAt);
    this.#isOver = true;
    this.stoppedAt = performance.now();
    clearTimeout(this.timer);
    clearImmediate(this.immediate);
    while (this.#nextWaiting < this.#waiting.length && this.#idle.length > 0)
      this.#send(this.#idle.pop(), this.#takeWaiting());
    this.giveUp = setTimeout(() => this.#abandon(), DRAIN_MS);
    this.#finishWhenDrained();
  }

  /** Requests that got no answer in time, and arrivals that never got a connection, count as errors. */
  #abandon() {
    this.#errors += this.#sentAt.size + this.#waiting.length - this.#nextWaiting;
    this.#firstError ??= `No answer within ${DRAIN_MS} ms after the end.`;
    this.#sentAt.clear();
    this.finish();
  }

  #finishWhenDrained() {
    const isWaiting = this.#nextWaiting < this.#waiting.length && this.#connections.size > 0;
    if (this.#sentAt.size > 0 || isWaiting) return;
    clearTimeout(this.giveUp);
    this.finish();
  }
}
