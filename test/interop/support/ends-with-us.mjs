const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Sees to it that a child process does not outlive this one, however this one ends but for SIGKILL. */
export function endsWithUs(child) {
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}
