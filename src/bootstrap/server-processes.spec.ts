import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { pino } from 'pino';

import { loadConfig } from '../config/load-config.js';
import type { ClosingStep } from '../http/server/drain-connections.js';
import { closingMessage } from './port-closing.js';
import { ServerProcesses } from './server-processes.js';

/** Processes that do what the test says, in place of a cluster. */
class FakeCluster extends EventEmitter {
  readonly workers: Record<number, object> = {};
  readonly signals: string[] = [];
  readonly told: string[] = [];
  private lastId = 0;

  fork(): { id: number } {
    const id = ++this.lastId;
    const worker = {
      id,
      process: { kill: (signal: string) => void this.signals.push(`${signal} ${id}`), send: () => true },
      once: () => undefined,
      isConnected: () => true,
      send: (message: string) => void this.told.push(`${message} ${id}`),
    };
    this.workers[id] = worker;
    return worker;
  }

  get ids(): number[] {
    return Object.keys(this.workers).map(Number);
  }

  listening(id: number): void {
    this.emit('listening', { id });
  }

  exit(id: number, code: number | null, signal: string | null = null): void {
    delete this.workers[id];
    this.emit('exit', { id }, code, signal);
  }
}

describe(ServerProcesses.name, () => {
  let cluster: FakeCluster;
  let lines: Record<string, unknown>[];
  let processes: ServerProcesses;
  const ended = jest.fn().mockResolvedValue(undefined);
  const endedBySignal = jest.fn();

  beforeEach(() => {
    jest.useFakeTimers();
    jest.clearAllMocks();
    cluster = new FakeCluster();
    lines = [];
    const config = loadConfig({ WORKERS: '2', SHUTDOWN_DELAY_MS: '1000', SHUTDOWN_GRACE_MS: '5000' });
    const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
    processes = new ServerProcesses(config, {}, logger, {
      cluster: cluster as never,
      endProcess: ended,
      endBySignal: endedBySignal,
    });
    processes.start();
  });
  afterEach(() => void jest.useRealTimers());

  it('end with the exit code of a first process that cannot start', () => {
    cluster.exit(1, 1);
    cluster.exit(2, null, 'SIGTERM');

    expect(cluster.signals).toEqual(['SIGTERM 2']);
    expect(ended).toHaveBeenCalledWith(1);
  });

  it('replace one that ended, and say by which signal', () => {
    for (const id of cluster.ids) cluster.listening(id);
    jest.advanceTimersByTime(60_000);

    cluster.exit(1, null, 'SIGSEGV');
    jest.advanceTimersByTime(0);

    expect(cluster.ids).toEqual([2, 3]);
    expect(lines).toMatchObject([
      { ended_worker_id: 1, signal: 'SIGSEGV', msg: expect.stringContaining('SIGSEGV') as string },
    ]);
  });

  it('end the program with 1 when five in a row cannot start and none serves, with a pause that grows', () => {
    for (const id of cluster.ids) cluster.listening(id);
    jest.advanceTimersByTime(60_000);
    cluster.exit(1, 1);
    cluster.exit(2, 1);
    jest.advanceTimersByTime(0);

    for (const pauseMs of [1_000, 2_000, 4_000]) {
      cluster.exit(cluster.ids.at(-1)!, 1);
      jest.advanceTimersByTime(pauseMs - 1);
      const before = cluster.ids.length;
      jest.advanceTimersByTime(1);
      expect(cluster.ids).toHaveLength(before + 1);
    }
    cluster.exit(cluster.ids.at(-1)!, 1);
    cluster.exit(cluster.ids.at(-1)!, 1);

    expect(lines.at(-1)).toMatchObject({ level: 60, failed_starts: 5 });
    expect(ended).toHaveBeenCalledWith(1);
  });

  it('go on replacing those that cannot start while another serves', () => {
    for (const id of cluster.ids) cluster.listening(id);
    for (let i = 0; i < 20; i++) {
      cluster.exit(cluster.ids.at(-1)!, 1);
      jest.advanceTimersByTime(30_000);
    }

    expect(cluster.ids).toHaveLength(2);
    expect(ended).not.toHaveBeenCalled();
  });

  it('end with 0 after the last when they are stopped, and by force after their own limit', () => {
    for (const id of cluster.ids) cluster.listening(id);

    processes.stop('SIGTERM');
    cluster.exit(1, 0);
    jest.advanceTimersByTime(7_999);
    expect(cluster.signals).toEqual(['SIGTERM 1', 'SIGTERM 2']);
    jest.advanceTimersByTime(1);
    expect(cluster.signals).toContain('SIGKILL 2');
    cluster.exit(2, null, 'SIGKILL');

    expect(ended).toHaveBeenCalledTimes(1);
    expect(ended).toHaveBeenCalledWith(1);
  });

  it('close their port in step when they are stopped, and one that ends alone waits for nobody', async () => {
    const say = (id: number, step: ClosingStep) => cluster.emit('message', cluster.workers[id], closingMessage(step));
    for (const id of cluster.ids) cluster.listening(id);
    say(1, 'closed');
    expect(cluster.told.splice(0)).toEqual([`${closingMessage('closed')} 1`]);

    processes.stop('SIGTERM');
    say(2, 'held');
    expect(cluster.told).toEqual([]);
    say(1, 'held');
    while (cluster.told.length < 2) await nextTurn();
    expect(cluster.told.splice(0)).toEqual([1, 2].map((id) => `${closingMessage('held')} ${id}`));
  });

  it('end by the signal when they are stopped before any of them serves', () => {
    processes.stop('SIGINT');
    for (const id of cluster.ids) cluster.exit(id, null, 'SIGTERM');

    expect(endedBySignal).toHaveBeenCalledWith('SIGINT');
  });
});
