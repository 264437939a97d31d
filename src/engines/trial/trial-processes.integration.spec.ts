import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';

import { fixtureRequest, floatRows } from '../../../test/contracts/inference-engine.contract.js';
import { itOnPosix } from '../../../test/support/posix.js';
import { until } from '../../../test/support/until.js';
import type { Tensor } from '../../domain/tensor.js';
import type { LoadRequest } from '../inference-engine.js';
import type { ModelHandle } from '../model-host.js';
import type { TrialLease } from './trial-host.js';
import { TrialProcesses } from './trial-processes.js';

const ROOT = join(__dirname, '..', '..', '..');
const MIB = 1024 * 1024;
const TIMEOUT_MS = 300;
const limits = { loadTimeoutMs: 20_000, predictionTimeoutMs: TIMEOUT_MS, memoryBytes: 1024 * MIB };
const faultyWorker = join(ROOT, 'test', 'support', 'faulty-worker.cjs');

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe(TrialProcesses.name, () => {
  const hosts: TrialProcesses[] = [];
  const start = (options: Partial<ConstructorParameters<typeof TrialProcesses>[0]> = {}): TrialProcesses => {
    const host = new TrialProcesses({ limits, maxBatchRows: 100, workerFile: faultyWorker, ...options });
    hosts.push(host);
    return host;
  };
  afterEach(() => Promise.all(hosts.splice(0).map((host) => host.close())));

  const request = (path = 'model'): LoadRequest => ({ format: 'tfjs-layers', runFolder: '/runs', path });
  const send = (model: ModelHandle, command: string): Promise<unknown> => {
    const inputs = new Map<string, Tensor>([['command', { dtype: 'string', shape: [1], data: [command] }]]);
    return model.predictParts([{ rows: 1, tensors: inputs }], { outputNames: ['length'], timeoutMs: TIMEOUT_MS });
  };
  const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => 'answered',
      ({ code }: { code: string }) => code,
    );
  /** Has a candidate do something, and gives how it ended its process. */
  const tryCommand = async (host: TrialProcesses, command: string): Promise<TrialLease> => {
    const lease = await host.lease();
    await codeOf(send(await lease.host.load(request()), command));
    return lease;
  };

  it('computes in a process of its own as a thread of the server does, and measures it', async () => {
    const host = start({ workerFile: undefined });
    const lease = await host.lease();
    const model = await lease.host.load(fixtureRequest('onnx', 'onnx-sum'));
    const call = { outputNames: ['y'], timeoutMs: 10_000 };

    const [part] = await model.predictParts(
      [
        {
          rows: 2,
          tensors: new Map([
            [
              'x',
              floatRows([
                [1, 2],
                [3, 4],
              ]),
            ],
          ]),
        },
      ],
      call,
    );

    expect([...(part!.tensors.get('y')!.data as Float32Array)]).toEqual([3, 7]);
    expect(host.pids).not.toContain(process.pid);
    expect(lease.end).toBeUndefined();
    expect(lease.report.peakBytes).toBeGreaterThan(0);
    expect(lease.report.peakBytes).toBeLessThan(200 * MIB);
    expect(lease.report.loadMs).toBeGreaterThan(0);
    await model.release();
  });

  it('keeps its process when candidates need further engines: their libraries are nothing that models left', async () => {
    const host = start({ workerFile: undefined });
    const pids = new Set<number | undefined>();
    for (const request of [
      fixtureRequest('tfjs-layers', 'tfjs-layers-sum'),
      fixtureRequest('onnx', 'onnx-sum'),
      fixtureRequest('tfjs-layers', 'tfjs-layers-sum'),
    ]) {
      const lease = await host.lease();
      const model = await lease.host.load(request);
      pids.add(host.pids[0]);
      await model.release();
      lease.release();
    }

    expect([pids.size, host.pids]).toEqual([1, [...pids]]);
  });

  it('ends a process whose candidate hangs, and the next one gets another', async () => {
    const host = start();

    const hung = await tryCommand(host, 'hang');
    expect(hung.end).toEqual({ kind: 'timed-out' });
    const [pid] = host.pids;
    hung.release();

    const next = await tryCommand(host, 'answer');
    expect(next.end).toBeUndefined();
    await until(() => !isThere(pid!));
  });

  it('tells a candidate that ends its process from one that is killed by somebody else', async () => {
    const host = start();

    const ended = await tryCommand(host, 'exit');
    expect(ended.end).toMatchObject({ kind: 'died', wasKilled: false });
    ended.release();

    const lease = await host.lease();
    const hanging = codeOf(send(await lease.host.load(request()), 'hang'));
    process.kill(host.pids[0]!, 'SIGKILL');
    expect([await hanging, lease.end]).toMatchObject(['WORKER_LOST', { kind: 'died', wasKilled: true }]);
  });

  it('ends a process that takes more memory than it may', async () => {
    const memoryBytes = 256 * MIB;
    const host = start({ limits: { ...limits, predictionTimeoutMs: 20_000, memoryBytes } });
    const lease = await host.lease();
    const model = await lease.host.load(request());
    const inputs = new Map<string, Tensor>([['command', { dtype: 'string', shape: [1], data: ['grow'] }]]);

    const call = { outputNames: ['length'], timeoutMs: 20_000 };
    expect(await codeOf(model.predictParts([{ rows: 1, tensors: inputs }], call))).toBe('WORKER_LOST');

    const { end } = lease;
    expect(end).toMatchObject({ kind: 'too-large' });
    expect(end?.kind === 'too-large' && end.bytes).toBeGreaterThan(memoryBytes);
  });

  it('tries those that are to be alone one after the other, when nothing else is tried or waits', async () => {
    const host = start({ patienceMs: 60_000 });
    const order: string[] = [];
    const lease = async (name: string, alone: boolean): Promise<TrialLease> => {
      const own = await host.lease({ alone });
      order.push(name);
      return own;
    };
    const first = await lease('first', false);
    const waiting = [lease('alone', true), lease('alone too', true), lease('second', false)];

    first.release();
    const [alone, aloneToo, second] = waiting as [Promise<TrialLease>, Promise<TrialLease>, Promise<TrialLease>];
    (await second).release();
    (await alone).release();
    const last = await aloneToo;

    expect(order).toEqual(['first', 'second', 'alone', 'alone too']);
    expect([(await alone).hadCompany, last.hadCompany, host.pids.length]).toEqual([false, false, 1]);
    last.release();
  });

  it('lends one process after the other, and a further one only while a candidate takes long', async () => {
    const host = start({ patienceMs: 50 });
    const first = await host.lease();
    first.release();
    const second = await host.lease();
    expect([second.hadCompany, host.pids.length]).toEqual([false, 1]);

    const third = await host.lease();

    expect([second.hadCompany, third.hadCompany, host.pids.length]).toEqual([true, true, 2]);
  });

  it('ends its process when there is nothing to try, and starts one when there is', async () => {
    const host = start({ idleMs: 1 });
    await until(() => host.pids.length === 0);

    const lease = await tryCommand(host, 'answer');

    expect(lease.end).toBeUndefined();
  });

  it('says so when a process does not start, which is no fault of the candidate', async () => {
    const host = start({ workerFile: join(ROOT, 'no-such-file.js') });
    const lease = await host.lease();

    await expect(lease.host.load(request())).rejects.toMatchObject({ code: 'LOAD_FAILED' });

    expect(lease.end).toBeUndefined();
    expect(lease.startError?.cause).toContain('no-such-file.js');
  });

  it('says how much a process takes that takes too much before it has a candidate', async () => {
    const host = start({ limits: { ...limits, memoryBytes: MIB } });
    const lease = await host.lease();

    await expect(lease.host.load(request())).rejects.toMatchObject({ code: 'LOAD_FAILED' });

    expect(lease.end).toBeUndefined();
    expect(lease.startError?.takenBytes).toBeGreaterThan(MIB);
  });

  itOnPosix('leaves no process behind when the server is killed, whatever its candidate does', async () => {
    const dist = join(ROOT, 'dist', 'engines', 'trial', 'trial-processes.js');
    const program = `
      const { TrialProcesses } = require(${JSON.stringify(dist)});
      const limits = { loadTimeoutMs: 1e6, predictionTimeoutMs: 1e6, memoryBytes: 1e9 };
      const host = new TrialProcesses({ limits, maxBatchRows: 1, workerFile: ${JSON.stringify(faultyWorker)} });
      const request = (path) => ({ format: 'onnx', runFolder: '/', path });
      host.lease().then(async ({ host: trial }) => {
        await trial.load(request('model'));
        trial.load(request('load-hang'));
        console.log(host.pids[0]);
      });
      setInterval(() => undefined, 1e6);`;
    const server = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = await new Promise<number>((resolve) =>
      server.stdout.once('data', (text: Buffer) => resolve(Number(text.toString()))),
    );
    const commandOf = () => execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
    expect(commandOf()).toContain('inference-process.js');

    server.kill('SIGKILL');

    await until(() => !isThere(pid));
  });
});
