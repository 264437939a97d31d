import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A call in the README and the answer printed below it. */
export interface ReadmeExample {
  readonly language: 'sh' | 'js' | 'python';
  readonly code: string;
  readonly answer: string;
  /** First line of the code, for the test's name. */
  readonly title: string;
}

const EXAMPLE = /```(sh|js|python)\n([^]*?)```\s+```json\n([^]*?)```/g;

/** Every block of code in the README that is followed by its answer. */
export function readmeExamples(): ReadmeExample[] {
  const text = readFileSync(join(__dirname, '..', '..', '..', 'README.md'), 'utf8');
  return [...text.matchAll(EXAMPLE)].map(([, language, code, answer]) => ({
    language: language as ReadmeExample['language'],
    code: code!,
    answer: answer!,
    title: code!.split('\n')[0]!,
  }));
}

/** An answer without what differs from call to call: the time, and the server's address. */
export function normalized(answer: string, baseUrl = 'http://localhost:5000'): unknown {
  const value: unknown = JSON.parse(answer.replaceAll(baseUrl, 'http://localhost:5000'));
  return value !== null && typeof value === 'object' && 'timestamp' in value ? { ...value, timestamp: 'now' } : value;
}
