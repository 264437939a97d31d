import { join } from 'node:path';

import { controlGroupFolders, textOf } from '../config/control-groups.js';

/**
 * How often the kernel has killed a process of this process' cgroup because its memory limit was reached
 * (`memory.events` of version 2, `memory.oom_control` of version 1).
 *
 * @returns undefined where the kernel does not say: no cgroup, no Linux.
 */
export function countOomKills(): number | undefined {
  for (const folder of controlGroupFolders('memory')) {
    const events = textOf(join(folder, 'memory.events')) ?? textOf(join(folder, 'memory.oom_control')) ?? '';
    const [, count] = /^oom_kill (\d+)$/m.exec(events) ?? [];
    if (count !== undefined) return Number(count);
  }
  return undefined;
}
