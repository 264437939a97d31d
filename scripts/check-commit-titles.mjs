/**
 * Checks titles of commits: `type(scope): imperative`, as CONTRIBUTING.md asks.
 *
 *   node scripts/check-commit-titles.mjs main..HEAD        the commits of a range, merges left out
 *   node scripts/check-commit-titles.mjs --title "fix: …"  one title
 *
 * Exit code 1 and a line per wrong title when one is wrong.
 */
import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

export const TYPES = ['feat', 'fix', 'perf', 'refactor', 'test', 'docs', 'build', 'ci', 'chore', 'style', 'revert'];
const LONGEST = 120;
const FORM = new RegExp(`^(?:${TYPES.join('|')})(?:\\([a-z0-9][a-z0-9, -]*\\))?!?: (.+)$`);

/**
 * What is wrong with a title.
 * @param {string} title
 * @returns {string | undefined}  a sentence; undefined when it is right.
 */
export function titleProblem(title) {
  const subject = FORM.exec(title)?.[1];
  if (subject === undefined) return `is not "type(scope): imperative" with one of the types ${TYPES.join(', ')}`;
  if (title.length > LONGEST) return `has ${title.length} characters, more than ${LONGEST}`;
  if (/^[A-Z][a-z]/.test(subject)) return 'has a capital letter after the colon';
  if (subject.endsWith('.')) return 'ends with a full stop';
  return undefined;
}

function titlesOf(range) {
  const log = execFileSync('git', ['log', '--no-merges', '--format=%s', range], { encoding: 'utf8' });
  return log.split('\n').filter(Boolean);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { title: { type: 'string' } } });
  const titles = values.title === undefined ? titlesOf(positionals[0] ?? 'HEAD~1..HEAD') : [values.title];
  const wrong = titles.filter(titleProblem);
  for (const title of wrong) console.error(`"${title}" ${titleProblem(title)}`);
  console.log(`${titles.length} titles checked, ${wrong.length} wrong`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}
