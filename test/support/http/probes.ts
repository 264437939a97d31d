import { ask } from './ask.js';

/** What a server says of itself at one moment. */
export interface Probes {
  /** Statuses of the two probes. */
  readonly livez: number;
  readonly readyz: number;
  /** Of `/health`, which always answers. */
  readonly status: string;
  /** Whether each model is ready. */
  readonly ready: Readonly<Record<string, boolean>>;
  readonly stateProblem: string | null;
}

/** Asks all three. @throws when one of them does not answer within `timeoutMs`. */
export async function probesOf(baseUrl: string, timeoutMs = 60_000): Promise<Probes> {
  const [livez, readyz, health] = await Promise.all(
    ['/livez', '/readyz', '/health'].map((path) => ask(baseUrl, path, { timeoutMs })),
  );
  const { status, models, state_problem: stateProblem } = health!.json.data;
  const ready = Object.fromEntries(
    models.map(({ name, ready: isReady }: { name: string; ready: boolean }) => [name, isReady]),
  );
  return { livez: livez!.status, readyz: readyz!.status, status, ready, stateProblem };
}

/** What a server says when all is well. */
export function wellWith(...models: string[]): Probes {
  const ready = Object.fromEntries(models.map((name) => [name, true]));
  return { livez: 200, readyz: 200, status: 'ok', ready, stateProblem: null };
}
