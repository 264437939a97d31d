import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { recordedAnswers } from './mlflow-fixtures.js';
import type { RecordedVersion } from './mlflow-fixtures.js';

/** Answers a request in place of the recording; returns false to let the recording answer. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A tracking server on loopback that answers what a real one was recorded to answer, until a test makes it misbehave. */
export class MlflowStub {
  /** What was asked, `METHOD url`, in order. */
  readonly asked: string[] = [];
  fault: Fault | undefined;
  private server: Server;

  private constructor(private readonly version: RecordedVersion) {
    this.server = this.makeServer();
  }

  static async start(version: RecordedVersion = '3'): Promise<MlflowStub> {
    const stub = new MlflowStub(version);
    await stub.listen(0);
    return stub;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  private port = 0;

  /** Goes away: nothing listens any more. */
  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  /** Comes back at the same address. */
  async restart(): Promise<void> {
    this.server = this.makeServer();
    await this.listen(this.port);
  }

  private async listen(port: number): Promise<void> {
    await new Promise<void>((done) => this.server.listen(port, '127.0.0.1', done));
    this.port = (this.server.address() as AddressInfo).port;
  }

  private makeServer(): Server {
    const answers = new Map(
      [...recordedAnswers(this.version)].map(([key, answer]) => [decodeURIComponent(key), answer]),
    );
    return createServer((request, response) => {
      this.asked.push(`${request.method} ${request.url}`);
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (this.fault?.(request, response)) return;
        const body = Buffer.concat(chunks).toString();
        const answer = answers.get(decodeURIComponent(`${request.method} ${request.url}${body && ` ${body}`}`));
        if (!answer) return void response.writeHead(404, { 'Content-Type': 'text/html' }).end('<h1>Not Found</h1>');
        const bytes =
          answer.base64 === undefined ? Buffer.from(answer.text ?? '') : Buffer.from(answer.base64, 'base64');
        response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(bytes);
      });
    });
  }
}
