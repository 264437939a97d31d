/** Runs synchronous work without the warnings its library prints, which cannot be acted on. */
export function withoutWarnings<T>(work: () => T): T {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return work();
  } finally {
    console.warn = warn;
  }
}
