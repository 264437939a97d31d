import { withBestrun } from '../../support/bestrun.mjs';
import { requireServed } from './refresh.mjs';

const SECRET = 'what only the two of us know';
const A_DAY_MS = 86_400_000;

/** MLflow tells a server, which would look by itself tomorrow only, that an alias moves: there, and back again. */
export async function requireWebhook(variables, cwd, trainer) {
  const told = { REFRESH_INTERVAL_MS: String(A_DAY_MS), MLFLOW_WEBHOOK_SECRET: SECRET };
  await withBestrun({ ...variables, ...told }, cwd, async (bestrun) => {
    await trainer.createWebhook(`${bestrun.url}/webhooks/mlflow`, SECRET);
    await trainer.moveAlias('3');
    await requireServed(bestrun, 'iris', 'iris-v3', trainer.answers[trainer.idOf('child')]);
    await trainer.moveAlias('1');
    await requireServed(bestrun, 'iris', 'iris-v1', trainer.answers[trainer.idOf('strong')]);
  });
}
