/** Where a command writes: the streams of a process, or what a test collects. */
export interface CommandOutput {
  readonly stdout: TextWriter;
  readonly stderr: TextWriter;
}

/** Takes text, as a writable stream does. */
export interface TextWriter {
  write(text: string): unknown;
}
