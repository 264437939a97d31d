import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A command of a page and what the page says it prints. */
export interface PageStep {
  /** Shell text of one `sh` block. */
  readonly command: string;
  /** The `json` or `text` block right below it, if there is one. */
  readonly output: { readonly language: 'json' | 'text'; readonly text: string } | undefined;
}

const STEP = /```sh\n([^]*?)```(?:\s+```(json|text)\n([^]*?)```)?/g;
const SCRIPT = /```js\n([^]*?)```/g;

/** The text of a page of the documentation. @param path  relative to the root of the project. */
export const readPage = (path: string) => readFileSync(join(__dirname, '..', '..', '..', path), 'utf8');

/** Every `sh` block of a page in its order. */
export function stepsOf(markdown: string): PageStep[] {
  return [...markdown.matchAll(STEP)].map(([, command, language, text]) => ({
    command: command!.trim(),
    output: language === undefined ? undefined : { language: language as 'json' | 'text', text: text! },
  }));
}

/** Every `js` block of a page. */
export function scriptsOf(markdown: string): string[] {
  return [...markdown.matchAll(SCRIPT)].map(([, script]) => script!);
}

/** Whether a text is the one that a page prints, where `…` stands for anything. */
export function matchesText(actual: string, printed: string): boolean {
  const literal = (part: string) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = printed.trim().split('…').map(literal).join('[^]*?');
  return new RegExp(`^${pattern}$`).test(actual.trim());
}

/**
 * Whether an answer has everything that a page prints of it: fields may be left out of the page, entries of a list may
 * not. Numbers may differ by 1e-4 of their size, because backends add in different orders.
 */
export function matchesJson(actual: unknown, printed: unknown): boolean {
  if (typeof printed === 'number' && typeof actual === 'number')
    return Math.abs(actual - printed) <= 1e-4 * Math.max(1, Math.abs(printed));
  if (Array.isArray(printed))
    return (
      Array.isArray(actual) &&
      actual.length === printed.length &&
      printed.every((entry, i) => matchesJson(actual[i], entry))
    );
  if (printed !== null && typeof printed === 'object')
    return (
      actual !== null &&
      typeof actual === 'object' &&
      Object.entries(printed).every(([key, value]) => matchesJson((actual as Record<string, unknown>)[key], value))
    );
  return actual === printed;
}
