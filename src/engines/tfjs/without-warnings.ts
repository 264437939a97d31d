/** Runs a work whose library prints warnings that nobody can act on, without them. The work must not wait. */
export function withoutWarnings<T>(work: () => T): T {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return work();
  } finally {
    console.warn = warn;
  }
}
