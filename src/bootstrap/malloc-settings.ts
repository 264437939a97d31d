/**
 * What has the C library of Linux give the memory of large calls back to the system. It reads them when a process starts.
 * 10,000 texts in one request left 10 MB with them, 400 without.
 */
const MALLOC_SETTINGS: Readonly<Record<string, string>> = {
  MALLOC_MMAP_THRESHOLD_: '262144',
  MALLOC_TRIM_THRESHOLD_: '262144',
};

/** Replaces this process by the same program with other variables; there from Node 22.15 on, but for Windows. */
type Execve = (file: string, args: readonly string[], env: NodeJS.ProcessEnv) => void;

/** Settings that this process lacks; none where the operator has set one of them, and so has decided. */
export function missingMallocSettings({
  env,
  platform,
}: Pick<NodeJS.Process, 'env' | 'platform'>): typeof MALLOC_SETTINGS {
  const isSet = Object.keys(MALLOC_SETTINGS).some((name) => env[name] !== undefined);
  return platform !== 'linux' || isSet ? {} : MALLOC_SETTINGS;
}

/**
 * Starts this program anew in the same process where it lacks the settings and Node can do that. To be called before
 * anything else: nothing of this process is left.
 */
export function startWithMallocSettings(
  self: Pick<NodeJS.Process, 'env' | 'platform' | 'execPath' | 'execArgv' | 'argv' | 'send'> & { execve?: Execve },
): void {
  const missing = missingMallocSettings(self);
  const { env, execPath, execArgv, argv } = self;
  // A channel to who started it would be lost.
  if (Object.keys(missing).length === 0 || self.send) return;
  self.execve?.(execPath, [execPath, ...execArgv, ...argv.slice(1)], { ...env, ...missing });
}
