/** How often the parent is looked at, milliseconds. */
const LOOK_MS = 1_000;

/** Scripts of package.json that become the server. Others may start one that is to outlive them. */
const SCRIPTS = /^start(:prod)?$/;

/** What is looked at of a process. */
type Child = Pick<NodeJS.Process, 'env' | 'ppid'>;

/**
 * Says when npm ends, if npm started this process. npm runs a script in a shell, and a SIGTERM to npm ends those two
 * alone: the script would go on without them. The kernel gives such a process another parent. On Windows none is given,
 * and nothing is said.
 *
 * @param onEnd  called once.
 * @param lookMs  for tests.
 */
export function whenNpmEnds(onEnd: () => void, child: Child = process, lookMs = LOOK_MS): void {
  if (!SCRIPTS.test(child.env.npm_lifecycle_event ?? '')) return;
  const parent = child.ppid;
  const timer = setInterval(() => {
    if (child.ppid === parent) return;
    clearInterval(timer);
    onEnd();
  }, lookMs).unref();
}
