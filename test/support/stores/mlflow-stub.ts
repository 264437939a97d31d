import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Json } from '../http/get-json.js';
import { recordedAnswers } from './mlflow-fixtures.js';
import type { RecordedAnswer, RecordedVersion } from './mlflow-fixtures.js';

/** Answers a request in place of the recording; returns false to let the recording answer. */
export type Issue = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A tracking server on loopback that answers what a real one was recorded to answer, until a test makes it misbehave. */
export class MlflowStub {
  /** What was asked, `METHOD url`, in order. */
  readonly asked: string[] = [];
  fault: Issue | undefined;
  /** What becomes of each run of a list; undefined when nobody has logged it yet; several when it was logged again. */
  editRun: ((run: Json) => Json) | undefined;
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

  /** Whether a request is about the files of the run with this name. */
  asksForFilesOf(name: string, { url = '' }: IncomingMessage): boolean {
    const listed = [...recordedAnswers(this.version)].find(([key]) => key.includes('runs/search'))![1];
    const { info, outputs } = JSON.parse(listed.text!).runs.find(({ info }: Json) => info.run_name === name);
    const ids: string[] = [info.run_id, ...(outputs?.model_outputs ?? []).map((output: Json) => output.model_id)];
    return url.includes('artifact') && ids.some((id) => url.includes(id));
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
        response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(this.bytesOf(answer));
      });
    });
  }

  private bytesOf({ text = '', base64 }: RecordedAnswer): Buffer {
    if (base64 !== undefined) return Buffer.from(base64, 'base64');
    if (!this.editRun || !text.includes('"runs":')) return Buffer.from(text);
    const { runs, ...rest } = JSON.parse(text) as { runs: Json[] };
    return Buffer.from(JSON.stringify({ ...rest, runs: runs.flatMap(this.editRun).filter(Boolean) }));
  }
}

/** Hides the runs of these names: they are logged later, when `editRun` is taken away. */
export const without =
  (...names: string[]) =>
  (run: Json): Json =>
    names.includes(run.info.run_name as string) ? undefined : run;
