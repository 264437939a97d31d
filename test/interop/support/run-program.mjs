import { spawn } from 'node:child_process';

/** Lines of a failed program's output that are shown. */
const SHOWN_LINES = 30;

/**
 * Runs a program while others run.
 *
 * @param options  those of `spawn`, but for `stdio`.
 * @returns what it wrote on standard output.
 * @throws Error with the end of its output when it fails.
 */
export function runProgram(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let all = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      all += chunk;
    });
    child.stderr.on('data', (chunk) => (all += chunk));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(output);
      const end = all.trimEnd().split('\n').slice(-SHOWN_LINES).join('\n');
      reject(new Error(`${program} ${args.slice(0, 2).join(' ')} ended with ${code ?? signal}:\n${end}`));
    });
  });
}
