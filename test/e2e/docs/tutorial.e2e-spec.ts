import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { matchesJson, matchesText, readPage, scriptsOf, stepsOf } from '../../support/docs/page-steps.js';
import type { PageStep } from '../../support/docs/page-steps.js';
import { ServerProcess } from '../../support/http/server-process.js';

const run = promisify(execFile);
const ROOT = join(__dirname, '..', '..', '..');
const PAGE = readPage('docs/tutorial.md');
/** What `npm test` has done already. */
const SETUP = 'npm ci';
const STOPS_SERVER_BEFORE = /^rm /;
/** How long a reader would look again for what the server does by itself, milliseconds. */
const LOOK_AGAIN_MS = 15_000;

const canRun = ['sh', 'curl'].every((tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).error === undefined);

describe('the tutorial', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bestrun-tutorial-'));
  let server: ServerProcess | undefined;
  let baseUrl = '';

  afterAll(async () => {
    await server?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The reader's terminal, in another folder, with the server on another port. */
  const shell = async (command: string): Promise<string> => {
    const text = command
      .replaceAll('http://localhost:5000', baseUrl)
      .replaceAll('node docs/', `"${process.execPath}" "${ROOT}"/docs/`)
      .replace('npm run --silent models:check', `"${process.execPath}" "${ROOT}"/dist/cli/check-models.js`);
    return (await run('sh', ['-c', text], { cwd: folder })).stdout;
  };

  /** `NAME=value … npm start`, with shorter waits than a person needs. */
  const startServer = async (command: string, output: PageStep['output']): Promise<void> => {
    const variables = Object.fromEntries([...command.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]));
    server = ServerProcess.start({
      ...variables,
      MODELS_DIR: join(folder, variables.MODELS_DIR),
      REFRESH_INTERVAL_MS: '500',
      REFRESH_SETTLE_MS: '100',
    });
    baseUrl = await server.ready();
    const { port } = new URL(baseUrl);
    const log = server.stdout.replaceAll(port, '5000');
    if (!matchesText(log, `${output!.text.trim()}…`)) expect(log).toBe(output!.text);
  };

  const matches = (actual: string, output: NonNullable<PageStep['output']>): boolean =>
    output.language === 'json'
      ? matchesJson(JSON.parse(actual), JSON.parse(output.text))
      : matchesText(actual, output.text);

  /** Runs a command; one that only asks is repeated until its answer is the printed one. */
  const follow = async ({ command, output }: PageStep): Promise<void> => {
    const asksOnly = command.startsWith('curl') && !command.includes('X-API-Key');
    const end = Date.now() + (asksOnly ? LOOK_AGAIN_MS : 0);
    let actual = await shell(command);
    if (!output) return;
    while (!matches(actual, output) && Date.now() < end) actual = await shell(command);
    if (!matches(actual, output)) expect(actual).toBe(output.text);
  };

  (canRun ? it : it.skip)(
    'tells the truth from the first command to the last (needs sh and curl)',
    async () => {
      for (const step of stepsOf(PAGE)) {
        if (step.command === SETUP) continue;
        if (STOPS_SERVER_BEFORE.test(step.command)) await server?.remove();
        await (step.command.endsWith('npm start') ? startServer(step.command, step.output) : follow(step));
      }
    },
    60_000,
  );

  it('shows lines of the script that it runs', () => {
    const script = readPage('docs/tutorial/train.mjs');

    for (const lines of scriptsOf(PAGE)) expect(script).toContain(lines);
  });
});
