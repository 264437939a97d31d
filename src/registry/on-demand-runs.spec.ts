import { loadConfig } from '../config/load-config.js';
import { RunError } from '../domain/verdict.js';
import { MemoryBudget } from '../engines/memory/memory-budget.js';
import type { LoadedRun } from './loading/loaded-run.js';
import type { RunLoader } from './loading/run-loader.js';
import { OnDemandRuns } from './on-demand-runs.js';
import type { RegisteredRun } from './state/registered-run.js';

const RUN_BYTES = 40;

/** A run that is known and not loaded. */
function knownRun(id: string): RegisteredRun {
  const rejected: unknown[] = [];
  return {
    run: { run_id: id },
    sourceRun: { id },
    card: { name: 'model' },
    state: 'checked',
    updateFrom: () => undefined,
    reject: (problem: unknown) => rejected.push(problem),
    rejected,
  } as unknown as RegisteredRun;
}

describe('runs asked by their id', () => {
  let memory: MemoryBudget;
  let released: string[];
  let runs: OnDemandRuns;
  beforeEach(() => {
    memory = new MemoryBudget(100);
    released = [];
    const load = async (_source: unknown, { run_id: id }: { readonly run_id: string }): Promise<LoadedRun> => {
      const reservation = await memory.reserve(RUN_BYTES);
      if (!reservation) throw new RunError('MEMORY_EXCEEDED', 'no memory');
      const release = () => {
        released.push(id);
        reservation.release();
        return Promise.resolve();
      };
      return { release } as unknown as LoadedRun;
    };
    runs = new OnDemandRuns({ load } as unknown as RunLoader, loadConfig({ MAX_EXTRA_RUNS: '9' }), memory);
  });
  const use = (registered: RegisteredRun) => runs.use(registered, () => Promise.resolve('answered'));

  it('make room for each other by bytes, those used longest ago first', async () => {
    const [first, second, third] = ['first', 'second', 'third'].map(knownRun) as [
      RegisteredRun,
      RegisteredRun,
      RegisteredRun,
    ];
    await use(first);
    await use(second);
    await use(first);
    await use(third);

    expect(released).toEqual(['second']);
    expect(memory.reservedBytes).toBe(2 * RUN_BYTES);
  });

  it('make room for a model that is to serve', async () => {
    await use(knownRun('first'));
    await use(knownRun('second'));

    expect(await memory.reserve(100)).toBeDefined();
    expect(released).toEqual(['first', 'second']);
  });

  it('are not released while a request uses them, and another is refused for the moment only', async () => {
    memory.tryReserve(60);
    const waiting = knownRun('second');
    const answer = await runs.use(knownRun('first'), async () => {
      await expect(use(waiting)).rejects.toMatchObject({
        code: 'RUN_NOT_SERVABLE',
        details: { reason: 'MEMORY_EXCEEDED: no memory' },
      });
      return 'answered';
    });

    expect([answer, released]).toEqual(['answered', []]);
    expect([waiting.state, waiting]).toMatchObject(['checked', { rejected: [] }]);
    expect(await use(waiting)).toBe('answered');
  });
});
