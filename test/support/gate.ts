import { existsSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Keeps threads of `faulty-worker.cjs` busy until it is opened: the command `hold FILE` (or loading the model
 * `load-hold FILE`) ends when the file is there. Closed at first.
 */
export class Gate {
  /** The command that waits for it. */
  readonly command: string;

  /** @param file  absolute path, without spaces. */
  constructor(private readonly file: string) {
    this.command = `hold ${file}`;
    this.close();
  }

  open(): void {
    if (!existsSync(this.file)) writeFileSync(this.file, '');
  }

  close(): void {
    rmSync(this.file, { force: true });
  }
}
