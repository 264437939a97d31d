import { connect } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const CLOSES = /\r\nconnection: *close/i;

/** What every socket reads into; it is used up before the next one reads. */
const readBuffer = Buffer.allocUnsafeSlow(1 << 18);

/**
 * One keep-alive connection that sends ready bytes and reads one answer at a time. Node's own client costs several times
 * what the server under test does; this reads the status and the length and throws the rest away.
 */
export class HttpConnection {
  #socket;
  /** Start of an answer whose head is not complete yet. */
  #partialHead = null;
  #status = 0;
  #bodyLeft = 0;
  #isClosed = false;
  /** Whether the server said that it closes the connection after the answer just read. */
  isLast = false;
  /** Status that the request in flight should get; the sender's to set. */
  expectedStatus = 200;

  /**
   * @param {{ host: string, port: number }} target
   * @param {{
   *   onOpen: (connection: HttpConnection) => void,
   *   onAnswer: (connection: HttpConnection, status: number) => void,
   *   onClose: (connection: HttpConnection, reason: Error | undefined) => void,
   * }} events  onClose comes once, whoever closed; an answer in flight is lost then.
   */
  constructor(target, events) {
    this.events = events;
    this.#socket = connect({
      ...target,
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length, buffer) => {
          this.#read(buffer.subarray(0, length));
          return !this.#isClosed;
        },
      },
    });
    this.#socket.on('connect', () => events.onOpen(this));
    this.#socket.on('error', (error) => this.#close(error));
    this.#socket.on('end', () => this.#close());
    this.#socket.on('close', () => this.#close());
  }

  /** @param {Buffer} request  The bytes of a whole request; the answer before it must have been read. */
  send(request) {
    this.#socket.write(request);
  }

  destroy() {
    this.#close();
  }

  #read(chunk) {
    if (this.#bodyLeft > 0) return this.#readBody(chunk.length);
    const bytes = this.#partialHead ? Buffer.concat([this.#partialHead, chunk]) : chunk;
    const headEnd = bytes.indexOf(HEAD_END);
    if (headEnd < 0) {
      this.#partialHead = Buffer.from(bytes);
      return;
    }
    this.#partialHead = null;
    const head = bytes.latin1Slice(0, headEnd);
    this.#status = Number(head.slice(9, 12));
    this.isLast = CLOSES.test(head);
    const length = CONTENT_LENGTH.exec(head)?.[1];
    if (length === undefined)
      return this.#close(new Error('The answer has no Content-Length, which is all this reads.'));
    this.#bodyLeft = Number(length);
    this.#readBody(bytes.length - headEnd - HEAD_END.length);
  }

  #readBody(length) {
    this.#bodyLeft -= length;
    if (this.#bodyLeft < 0) return this.#close(new Error('The server sent more than it announced.'));
    if (this.#bodyLeft === 0) this.events.onAnswer(this, this.#status);
  }

  #close(reason) {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.destroy();
    this.events.onClose(this, reason);
  }
}

/**
 * The bytes of one request. A body is JSON unless the headers say otherwise.
 * @param {{ method: string, path: string, body?: string, headers?: Record<string, string> }} request
 */
export function requestBytes({ method, path, body, headers = {} }) {
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const all = {
    Host: '127.0.0.1',
    ...(bytes && { 'Content-Type': 'application/json' }),
    ...headers,
    ...(bytes && { 'Content-Length': bytes.length }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), bytes ?? Buffer.alloc(0)]);
}
