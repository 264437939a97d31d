import { readFileSync } from 'node:fs';

/**
 * How often the kernel has killed a process of this process' cgroup because its memory limit was reached
 * (`memory.events` of version 2, `memory.oom_control` of version 1).
 *
 * @returns undefined where the kernel does not say: no cgroup, no Linux.
 */
export function countOomKills(): number | undefined {
  for (const file of filesOf(textOf('/proc/self/cgroup') ?? '')) {
    const [, count] = /^oom_kill (\d+)$/m.exec(textOf(file) ?? '') ?? [];
    if (count !== undefined) return Number(count);
  }
  return undefined;
}

/** A container sees its own cgroup as the root, whatever its path is outside. */
function filesOf(cgroups: string): string[] {
  const [, unified] = /^0::(.*)$/m.exec(cgroups) ?? [];
  const [, memory] = /^\d+:memory:(.*)$/m.exec(cgroups) ?? [];
  const inVersion1 = [memory, ''].map(
    (path) => path !== undefined && `/sys/fs/cgroup/memory${path}/memory.oom_control`,
  );
  const inVersion2 = [unified, ''].map((path) => path !== undefined && `/sys/fs/cgroup${path}/memory.events`);
  return [...inVersion1, ...inVersion2].filter((file) => file !== false);
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
