import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

import { defaultModelMemory, defaultThreads } from './default-limits.js';
import { readMachineLimits } from './machine-limits.js';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

describe('the limits of the machine', () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'bestrun-limits-'))));
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const write = (files: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), `${text}\n`);
    }
  };
  const GROUP = 'proc/self/cgroup';

  it('are those of the machine where no control group says less', () => {
    const ofMachine = { memoryBytes: totalmem(), cpuCount: availableParallelism() };

    expect(readMachineLimits(root)).toEqual(ofMachine);
    write({ [GROUP]: '0::/', 'sys/fs/cgroup/memory.max': 'max', 'sys/fs/cgroup/cpu.max': 'max 100000' });
    expect(readMachineLimits(root)).toEqual(ofMachine);
    write({
      [GROUP]: '4:memory:/\n1:cpu,cpuacct:/',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000',
    });
    expect(readMachineLimits(root)).toEqual(ofMachine);
  });

  it('are those of version 2 of control groups, the tightest around the process', () => {
    write({
      [GROUP]: '0::/pod/container',
      'sys/fs/cgroup/pod/memory.max': String(64 * MiB),
      'sys/fs/cgroup/pod/container/memory.max': String(96 * MiB),
      'sys/fs/cgroup/pod/container/cpu.max': '25000 100000',
    });

    expect(readMachineLimits(root)).toEqual({ memoryBytes: 64 * MiB, cpuCount: 1 });
  });

  it('are those of version 1, also where a container does not see the path of its group', () => {
    write({
      [GROUP]: '7:memory:/docker/0123\n3:cpu,cpuacct:/docker/0123\n0::/docker/0123',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': String(48 * MiB),
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '90000',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000',
    });

    expect(readMachineLimits(root)).toEqual({ memoryBytes: 48 * MiB, cpuCount: 1 });
  });

  it.each([
    [2, 1, 3],
    [1, 1, 2],
    [64, 1, 9],
    [8, 4, 3],
    [2, 4, 2],
  ])('give %d processors and %d server processes %d threads each', (cpuCount, workers, threads) => {
    expect(defaultThreads({ cpuCount, memoryBytes: GiB }, workers)).toBe(threads);
  });

  it.each([
    [192, 1, 96],
    [1024, 1, 640],
    [1024, 2, 512],
    [8192, 2, 6656],
  ])('leave models in %d MiB with %d server processes %d MiB', (memory, workers, models) => {
    expect(defaultModelMemory({ cpuCount: 1, memoryBytes: memory * MiB }, workers)).toBe(models * MiB);
  });
});
