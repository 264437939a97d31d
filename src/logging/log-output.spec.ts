import { setImmediate as nextTurn } from 'node:timers/promises';

import { LogOutput } from './log-output.js';
import type { LogSink } from './log-output.js';

/** A reader that takes what is written when the test says so. */
class Reader implements LogSink {
  readonly taken: string[] = [];
  written = 0;
  private waiting: (() => void) | undefined;

  constructor(private isReading = true) {}

  write(text: string, done: (error?: Error) => void): void {
    this.written += 1;
    this.waiting = () => {
      this.waiting = undefined;
      this.taken.push(...text.trimEnd().split('\n'));
      done();
    };
    if (this.isReading) this.waiting();
  }

  writeNow(text: string): boolean {
    if (this.isReading) this.taken.push(...text.trimEnd().split('\n'));
    return this.isReading;
  }

  readOn(): void {
    this.isReading = true;
    this.waiting?.();
  }
}

const line = (name: string, length = 100) => `${name.padEnd(length - 1, '.')}\n`;
const nameOf = (text: string) => text.replace(/\.*$/, '');
const outputTo = (sink: LogSink, maxBytes = 10_000): LogOutput => {
  const output: LogOutput = new LogOutput(sink, maxBytes, (lines) => output.write(line(`dropped ${lines}`)));
  return output;
};

describe(LogOutput.name, () => {
  it('writes the lines of one turn together, in pieces that a pipe takes whole', async () => {
    const reader = new Reader();
    const output = outputTo(reader);

    for (let i = 0; i < 60; i++) output.write(line(`${i}`));
    await nextTurn();

    expect(reader.taken.map(nameOf)).toEqual(Array.from({ length: 60 }, (_, i) => `${i}`));
    expect(reader.written).toBe(2);
  });

  it('keeps what a slow reader has not taken, and drops and counts the lines beyond', async () => {
    const reader = new Reader(false);
    const output = outputTo(reader);
    for (let i = 0; i < 250; i++) output.write(line(`${i}`));
    await nextTurn();

    reader.readOn();
    output.write(line('later'));
    await nextTurn();

    const names = reader.taken.map(nameOf);
    expect(names.filter((name) => /^\d+$/.test(name))).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
    expect(names).toContain('dropped 150');
    expect(names).toContain('later');
  });

  it('goes on when lines cannot be written, and counts them', async () => {
    let isFull = true;
    const taken: string[] = [];
    const sink: LogSink = {
      write: (text, done) => (isFull ? done(new Error('full')) : (taken.push(...text.trimEnd().split('\n')), done())),
      writeNow: () => false,
    };
    const output = outputTo(sink);
    output.write(line('lost'));
    await nextTurn();
    isFull = false;
    output.write(line('later'));
    await nextTurn();
    await nextTurn();

    expect(taken.map(nameOf)).toEqual(['later', 'dropped 1']);
  });

  it('tells when everything is written, and never waits at the end', async () => {
    const reader = new Reader(false);
    const output = outputTo(reader);
    const flushed = jest.fn();
    output.flush(flushed);
    output.write(line('a'));
    output.flush(flushed);
    await nextTurn();
    expect(flushed).toHaveBeenCalledTimes(1);

    output.flushNow();
    reader.readOn();

    expect(reader.taken.map(nameOf)).toEqual(['a']);
    expect(flushed).toHaveBeenCalledTimes(2);
  });

  it('writes at the end what has had no turn yet', () => {
    const reader = new Reader();
    const output = outputTo(reader);
    output.write(line('last'));

    output.flushNow();

    expect(reader.taken.map(nameOf)).toEqual(['last']);
  });
});
