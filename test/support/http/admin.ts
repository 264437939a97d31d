import { ask } from './ask.js';
import type { Answer } from './ask.js';
import type { TestStore } from '../stores/build-store.js';
import { createTestApp } from './create-test-app.js';
import type { TestApp } from './create-test-app.js';

/** Key of the operators of test servers. */
export const ADMIN_KEY = 'only-for-the-tests';

/** A server over a store that looks at it only when asked, and does not wait long for files to settle. */
export function createManagedApp(store: TestStore, environment: Record<string, string> = {}): Promise<TestApp> {
  return createTestApp({
    MODELS_DIR: store.folder,
    REFRESH_INTERVAL_MS: '0',
    REFRESH_SETTLE_MS: '20',
    ADMIN_API_KEY: ADMIN_KEY,
    ...environment,
  });
}

/** Sends a request as the operator. */
export function askAsAdmin(app: TestApp, method: string, path: string, body?: object): Promise<Answer> {
  return ask(app.baseUrl, path, { method, body, headers: { 'X-API-Key': ADMIN_KEY } });
}

/** Lets a server look at its store; gives the id of the run that serves each model then. */
export async function refresh(app: TestApp): Promise<Record<string, string | null>> {
  const { status, json, text } = await askAsAdmin(app, 'POST', '/models/refresh');
  if (status !== 200) throw new Error(`The refresh was answered ${status}: ${text}`);
  const models = json.data.models as { model: string; run_id: string | null }[];
  return Object.fromEntries(models.map(({ model, run_id: runId }) => [model, runId]));
}
