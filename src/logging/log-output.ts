/** Takes text and calls `done` when it has left the process, or cannot. */
export interface LogSink {
  write(text: string, done: (error?: Error | null) => void): void;
  /** Writes without waiting for anything. @returns whether all of it was taken. */
  writeNow(text: string): boolean;
}

/** Lines that leave together. Up to this size a pipe takes them whole, whoever else writes to it. */
interface Chunk {
  text: string;
  bytes: number;
  lines: number;
}

/** POSIX' least PIPE_BUF that Linux has. */
const CHUNK_BYTES = 4_096;

/**
 * Writes log lines in the order in which they come, once per turn of the event loop, and keeps what a slow reader has
 * not taken yet, up to a number of bytes. Further lines are dropped and counted: a log that nobody reads must cost
 * neither memory nor an answer.
 */
export class LogOutput {
  private readonly chunks: Chunk[] = [];
  private waitingBytes = 0;
  private droppedLines = 0;
  private isScheduled = false;
  private sending: Chunk | undefined;
  private readonly onEmpty: (() => void)[] = [];

  /**
   * @param maxBytes  that wait at most.
   * @param onDropped  called with the number of lines that were dropped, when lines are taken again.
   */
  constructor(
    private readonly sink: LogSink,
    private readonly maxBytes: number,
    private readonly onDropped: (lines: number) => void,
  ) {}

  /** @param line  with its line break. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.waitingBytes + bytes > this.maxBytes) return void (this.droppedLines += 1);
    this.waitingBytes += bytes;
    const last = this.chunks.at(-1);
    if (last && last.bytes + bytes <= CHUNK_BYTES) {
      last.text += line;
      last.bytes += bytes;
      last.lines += 1;
    } else this.chunks.push({ text: line, bytes, lines: 1 });
    this.schedule();
  }

  /** Calls `done` when everything has been written. */
  flush(done: () => void): void {
    if (this.isEmpty) return done();
    this.onEmpty.push(done);
  }

  /** Writes what waits without waiting for the reader: the process ends. */
  flushNow(): void {
    for (let chunk = this.chunks.shift(); chunk && this.sink.writeNow(chunk.text); chunk = this.chunks.shift());
    this.chunks.length = 0;
  }

  private get isEmpty(): boolean {
    return this.chunks.length === 0 && !this.sending;
  }

  private schedule(): void {
    if (this.isScheduled || this.sending) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.sendNext();
    });
  }

  private sendNext(): void {
    if (this.sending) return;
    this.sending = this.chunks.shift();
    if (this.sending) this.sink.write(this.sending.text, (error) => this.onSent(error));
    else this.tellEmpty();
  }

  private onSent(error: Error | null | undefined): void {
    const { bytes, lines } = this.sending!;
    this.sending = undefined;
    this.waitingBytes -= bytes;
    if (error) this.droppedLines += lines;
    else if (this.droppedLines > 0) this.tellDropped();
    this.sendNext();
  }

  /** At once, before the next lines: their reader sees where some are missing. */
  private tellDropped(): void {
    const lines = this.droppedLines;
    this.droppedLines = 0;
    this.onDropped(lines);
  }

  private tellEmpty(): void {
    for (const done of this.onEmpty.splice(0)) done();
  }
}
