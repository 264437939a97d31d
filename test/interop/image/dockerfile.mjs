import { readFileSync } from 'node:fs';

/**
 * The instructions of a Dockerfile by stage, in order.
 *
 * @returns {Map<string, { keyword: string, text: string }[]>} by name of the stage; the last one is `final`.
 */
export function readDockerfile(file) {
  const stages = new Map();
  const lines = readFileSync(file, 'utf8')
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  let stage = [];
  for (const line of lines) {
    const [, keyword, text] = /^(\w+)\s+(.*)$/.exec(line);
    if (keyword === 'FROM') stages.set(/ AS (\w+)$/.exec(text)?.[1] ?? 'final', (stage = []));
    else stage.push({ keyword, text: text.replace(/\s+/g, ' ') });
  }
  return stages;
}

/** Variables that the ENV and ARG instructions of a stage set. */
export function variablesOf(stage) {
  const settings = stage.filter(({ keyword }) => keyword === 'ENV' || keyword === 'ARG');
  const pairs = settings.flatMap(({ text }) => text.split(' ')).filter((pair) => pair.includes('='));
  return Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/).slice(0, 2)));
}
