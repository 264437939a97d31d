import type { EncodeOptions, ReadingReply, RemoteEncoded, RowCodecSpec, SharedBody } from './reading-messages.js';
import type { ReadingLimits, RowReader } from './row-reader.js';

/** Rows of a large body, which a thread reads, checks and encodes: the main thread never has them. */
export class RemoteRows {
  constructor(
    private readonly reader: RowReader,
    /** For the reader alone. */
    readonly source: SharedBody,
    private readonly from = 0,
    private readonly to = 0,
  ) {}

  get length(): number {
    return this.to - this.from;
  }

  /** Some of them: from, included, to, excluded. */
  slice(from: number, to: number): RemoteRows {
    return new RemoteRows(this.reader, this.source, this.from + from, this.from + Math.min(to, this.length));
  }

  /** The same with the number of rows that the body has. */
  withCount(count: number): RemoteRows {
    return new RemoteRows(this.reader, this.source, 0, count);
  }

  /**
   * Checks and encodes them.
   *
   * @throws ValidationError with every problem of every row, at its place in the body.
   * @throws AppError QUEUE_FULL, PREDICTION_TIMEOUT, WORKER_LOST, SHUTTING_DOWN.
   */
  async encode(
    spec: RowCodecSpec,
    options: Omit<EncodeOptions, 'from' | 'to'>,
    limits: ReadingLimits,
  ): Promise<RemoteEncoded> {
    const { source, from, to } = this;
    const request = (codec: number, id: number) => ({
      id,
      kind: 'encode' as const,
      codec,
      ...source,
      ...options,
      from,
      to,
    });
    const reply = await this.reader.ask(
      {
        body: source.body,
        length: source.bytes.byteLength,
        spec,
        request: (codec) => request(codec, this.reader.nextId()),
      },
      limits,
    );
    return (reply as Extract<ReadingReply, { kind: 'encoded' }>).result;
  }
}
