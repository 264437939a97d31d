import { totalmem } from 'node:os';

/** Memory that this process and its children may use, bytes: the limit of the container, or the machine's memory. */
export function memoryLimitBytes(): number {
  const machineBytes = totalmem();
  // 0, undefined or a number beyond the machine's where nothing limits it.
  const limitBytes = (process.constrainedMemory() as number | undefined) ?? 0;
  return limitBytes > 0 ? Math.min(limitBytes, machineBytes) : machineBytes;
}
