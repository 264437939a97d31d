import { renameSync } from 'node:fs';

import { TestStore } from '../../../test/support/stores/build-store.js';
import { TestRegistry, createTestHost } from '../../../test/support/registry/test-registry.js';
import type { SelectionPolicy } from '../../domain/card.js';
import type { Run } from '../../domain/run.js';
import { CombinedRunSource } from '../../sources/combined-run-source.js';
import { LocalRunSource } from '../../sources/local/local-run-source.js';
import { runDigest } from '../history/model-history.js';
import { howToWin, whyServed } from './selection-reasons.js';

/** How a model came to be served as it is, what is said of that, and runs that put it to the proof. */
interface Constellation {
  readonly selection?: Partial<SelectionPolicy>;
  /** Runs at the start, by id. */
  readonly runs: Readonly<Record<string, Partial<Run>>>;
  /** What happens then. */
  readonly then?: (registry: TestRegistry, store: TestStore) => Promise<unknown>;
  readonly served: string;
  readonly why: string;
  readonly toWin: string;
  /** Runs that fall just short of `toWin`. */
  readonly losers: readonly Partial<Run>[];
  /** The run that `toWin` describes, and nothing better. */
  readonly winner: Partial<Run>;
  /** Takes what is in the way in `toWin` by its last sentence. */
  readonly finally?: (registry: TestRegistry) => Promise<unknown>;
}

const LATER = '2026-01-01T00:00:01Z';
const f1 = (value: number, more: Partial<Run> = {}): Partial<Run> => ({ metrics: { f1: value }, ...more });
const f1And = (value: number, metrics: Record<string, number>): Partial<Run> => ({
  metrics: { f1: value, ...metrics },
});
/** JSON has no NaN: a run.json with null as a metric. */
const nan = (more: Partial<Run> = {}): Partial<Run> => f1(null as unknown as number, more);
const setCard = (store: TestStore, selection: Partial<SelectionPolicy>) =>
  store.addModel('adder', { selection: { metric: 'f1', goal: 'maximize', ...selection } });

const KEEPS = 'and no change that breaks clients.';

describe('what is said of a selection', () => {
  const host = createTestHost();
  afterAll(() => host.close());
  let store: TestStore;
  beforeEach(() => {
    store = new TestStore();
  });
  afterEach(() => store.remove());

  const constellations: readonly [string, Constellation][] = [
    [
      'a single run',
      {
        runs: { only: f1(0.5) },
        served: 'only',
        why: 'It is the only run that the policy allows: f1 0.5.',
        toWin: `A FINISHED run with f1 above 0.5 (or the same, and started later), ${KEEPS}`,
        losers: [f1(0.4999), f1(0.9, { status: 'RUNNING' }), { metrics: {} }],
        winner: f1(0.5001),
      },
    ],
    [
      'a metric to be minimized',
      {
        selection: { goal: 'minimize' },
        runs: { high: f1(3), low: f1(2) },
        served: 'low',
        why: 'It has the lowest f1 of 2 runs: 2.',
        toWin: `A FINISHED run with f1 below 2 (or the same, and started later), ${KEEPS}`,
        losers: [f1(2.001), nan()],
        winner: f1(2, { started_at: LATER }),
      },
    ],
    [
      'a tie that the start decides',
      {
        runs: { early: f1(0.9), late: f1(0.9, { started_at: LATER }), third: f1(0.1) },
        served: 'late',
        why: 'It has the highest f1 of 3 runs: 0.9. Of those with the same, it started last.',
        toWin: `A FINISHED run with f1 above 0.9 (or the same, and started later), ${KEEPS}`,
        losers: [f1(0.9), f1(0.9, { run_id: 'aaa' })],
        winner: f1(0.9, { started_at: '2026-01-01T00:00:02Z' }),
      },
    ],
    [
      'a tie that the run_id decides',
      {
        runs: { bbb: f1(0.95), ccc: f1(0.95), zzz: f1(0.9) },
        served: 'bbb',
        why: 'It has the highest f1 of 3 runs: 0.95. Of those with the same that started last, its run_id comes first.',
        toWin: `A FINISHED run with f1 above 0.95 (or the same, and started later), ${KEEPS} Of runs that started at the same time too, the first by run_id counts.`,
        losers: [f1(0.95, { run_id: 'bbc' })],
        winner: f1(0.95, { run_id: 'aaa' }),
      },
    ],
    [
      'no number as the metric',
      {
        runs: { nan: nan() },
        served: 'nan',
        why: 'It is the only run that the policy allows: no number as f1.',
        toWin: `A FINISHED run with any number as f1 (or none either, and started later), ${KEEPS}`,
        losers: [{ metrics: {} }, nan({ started_at: '2025-01-01T00:00:00Z' })],
        winner: f1(-1000),
      },
    ],
    [
      'no number, and one that is no better but started later',
      {
        runs: { nan: nan(), old: nan({ started_at: '2025-01-01T00:00:00Z' }) },
        served: 'nan',
        why: 'None of the 2 runs that the policy allows has a number as f1. Of those with the same, it started last.',
        toWin: `A FINISHED run with any number as f1 (or none either, and started later), ${KEEPS}`,
        losers: [nan({ run_id: 'zzz' })],
        winner: nan({ started_at: LATER }),
      },
    ],
    [
      'guardrails and conditions',
      {
        selection: {
          where: { 'params.seed': [7, 8], 'tags.data': 'v2' },
          guardrails: [{ metric: 'recall', minimum: 0.5, maximum: 0.9 }],
        },
        runs: { good: { ...f1And(0.5, { recall: 0.5 }), tags: { data: 'v2' } }, free: f1(0.9) },
        served: 'good',
        why: 'It is the only run that the policy allows: f1 0.5.',
        toWin: `A FINISHED run with f1 above 0.5 (or the same, and started later), params.seed 7 or 8, tags.data "v2", recall at least 0.5 and at most 0.9, ${KEEPS}`,
        losers: [
          { ...f1And(0.6, { recall: 0.49 }), tags: { data: 'v2' } },
          { ...f1And(0.6, { recall: 0.91 }), tags: { data: 'v2' } },
          { ...f1And(0.6, { recall: 0.5 }), tags: { data: 'v1' } },
          { ...f1And(0.6, { recall: 0.5 }), tags: { data: 'v2' }, params: { seed: 9 } },
        ],
        winner: { ...f1And(0.51, { recall: 0.9 }), tags: { data: 'v2' }, params: { seed: 8 } },
      },
    ],
    [
      'a run that the policy does not allow any more',
      {
        runs: { best: f1(0.9) },
        then: (registry, folder) => {
          setCard(folder, { guardrails: [{ metric: 'recall', minimum: 0.8 }] });
          return registry.refresh();
        },
        served: 'best',
        why: 'The policy does not allow it (GUARDRAIL_NOT_MET), but no run that it allows can take over: f1 0.9.',
        toWin: `Any FINISHED run with f1, recall at least 0.8, ${KEEPS}`,
        losers: [f1And(0.99, { recall: 0.79 }), { metrics: { recall: 0.9 } }],
        winner: f1And(0.2, { recall: 0.8 }),
      },
    ],
    [
      'a run that failed in service',
      {
        runs: { best: f1(0.9) },
        then: async (registry) => {
          const { run } = registry.model().runs[0]!.sourceRun;
          const failed = { run_id: 'best', digest: runDigest(run!), reason: '5 of its first 5 predictions failed.' };
          await registry.states.update('adder', (state) => ({ ...state, failed: [failed] }));
          await registry.refresh();
        },
        served: 'best',
        why: 'It failed in service, but no other run can take over: f1 0.9.',
        toWin: `Any FINISHED run with f1, ${KEEPS}`,
        losers: [f1(0.99, { status: 'FAILED' })],
        winner: f1(0.1),
      },
    ],
    [
      'a run whose folder is gone',
      {
        runs: { best: f1(0.9), other: f1(0.5) },
        then: (registry, folder) => {
          renameSync(folder.path('adder/runs/best'), folder.path('adder/runs/.best'));
          return registry.refresh();
        },
        served: 'best',
        why: 'Its files are gone from the store or changed; it serves from memory (f1 0.9).',
        toWin: `A FINISHED run with f1 above 0.9 (or the same, and started later), ${KEEPS}`,
        losers: [f1(0.89)],
        winner: f1(0.91),
      },
    ],
    [
      'a run whose folder is gone and that the policy does not allow any more',
      {
        runs: { best: f1(0.9) },
        then: (registry, folder) => {
          renameSync(folder.path('adder/runs/best'), folder.path('adder/runs/.best'));
          setCard(folder, { where: { 'tags.data': 'v2' } });
          return registry.refresh();
        },
        served: 'best',
        why: 'Its files are gone from the store or changed; it serves from memory (f1 0.9). The policy does not allow it (CONDITION_NOT_MET), but no run that it allows can take over.',
        toWin: `Any FINISHED run with f1, tags.data "v2", ${KEEPS}`,
        losers: [f1(0.99)],
        winner: f1(0.1, { tags: { data: 'v2' } }),
      },
    ],
    [
      'a run that passes where a better one does not',
      {
        runs: { second: f1(0.5), bad: f1(0.9, { examples: [{ input: { a: 1, b: 1 }, output: { sum: 3 } }] }) },
        served: 'second',
        why: 'It is the best of those that may serve (f1 0.5).',
        toWin: `A FINISHED run with f1 above 0.5 (or the same, and started later), ${KEEPS}`,
        losers: [f1(0.49)],
        winner: f1(0.51),
      },
    ],
    [
      'a pinned run',
      {
        runs: { best: f1(0.9), pinned: f1(0.5) },
        then: (registry) => registry.pin('pinned'),
        served: 'pinned',
        why: 'It is pinned by Ada: Test.',
        toWin: `A FINISHED run with f1 above 0.5 (or the same, and started later), ${KEEPS} Nothing takes over while a run is pinned. After that, run "best" (f1 0.9) is tried first.`,
        losers: [f1(0.89)],
        winner: f1(0.91),
        finally: (registry) => registry.unpin(),
      },
    ],
    [
      'a pinned run that the policy would not allow',
      {
        runs: { best: f1(0.9), other: { metrics: { loss: 0.1 } } },
        then: (registry) => registry.pin('other'),
        served: 'other',
        why: 'It is pinned by Ada: Test.',
        toWin: `Any FINISHED run with f1, ${KEEPS} Nothing takes over while a run is pinned. After that, run "best" (f1 0.9) is tried first.`,
        losers: [f1(0.89)],
        winner: f1(0.91),
        finally: (registry) => registry.unpin(),
      },
    ],
    [
      'a pinned run that cannot be served',
      {
        runs: { best: f1(0.9), bad: f1(0.5, { examples: [{ input: { a: 1, b: 1 }, output: { sum: 3 } }] }) },
        then: async (registry) => {
          const pin = { run_id: 'bad', reason: 'Test.', by: 'Ada', at: LATER };
          await registry.states.update('adder', (state) => ({ ...state, pin }));
          await registry.refresh();
        },
        served: 'best',
        why: 'It has the highest f1 of 2 runs: 0.9. The pinned run "bad" cannot be served.',
        toWin: `A FINISHED run with f1 above 0.9 (or the same, and started later), ${KEEPS} The pinned run "bad" takes over as soon as it can be served.`,
        losers: [f1(0.89)],
        winner: f1(0.91),
      },
    ],
  ];

  it.each(constellations)('is true of %s', async (_name, { selection = {}, runs, then, ...said }) => {
    setCard(store, selection);
    for (const [id, run] of Object.entries(runs)) store.addRun('adder', id, run);
    const registry = await TestRegistry.start(store, host);
    await then?.(registry, store);
    const model = registry.model();

    expect({ served: registry.servedBy(), why: whyServed(model), toWin: howToWin(model) }).toEqual({
      served: said.served,
      why: said.why,
      toWin: said.toWin,
    });

    said.losers.forEach((run, i) => store.addRun('adder', `loser-${i}`, run));
    expect(await registry.refresh()).toBe(said.served);
    store.addRun('adder', 'winner', said.winner);
    const after = await registry.refresh();
    if (said.finally) expect(after).toBe(said.served);
    await said.finally?.(registry);
    expect(registry.servedBy()).toBe(said.winner.run_id ?? 'winner');
    registry.close();
  });

  it('is what the history says too, also of a run without a number as the metric', async () => {
    store.addModel('adder').addRun('adder', 'nan', nan());
    const registry = await TestRegistry.start(store, host);
    const model = registry.model();
    registry.close();

    const { history } = await registry.modelHistory.read(model);
    expect(history.map(({ event, reason }) => [event, reason])).toEqual([['served', whyServed(model)]]);
  });

  it('keeps digits of whole numbers that JavaScript has not', async () => {
    store.addModel('adder').addRun('adder', 'only');
    const registry = await TestRegistry.start(store, host);
    const { card, ...model } = registry.model();
    const where = { 'params.seed': 12345678901234567890n };
    registry.close();

    expect(howToWin({ ...model, card: { ...card, selection: { ...card.selection, where } } })).toContain(
      'params.seed 12345678901234567890,',
    );
  });

  it('keeps guardrails while the card that has them is being written, with another source that has a card', async () => {
    const other = new TestStore().addModel('adder').addRun('adder', 'kept', f1(0.7)).addRun('adder', 'barred', f1(0.9));
    setCard(store, { guardrails: [{ metric: 'f1', maximum: 0.75 }] });
    const sources = [store, other].map(({ folder }) => new LocalRunSource(folder, { settleMs: 0 }));
    const registry = await TestRegistry.start(store, host, new CombinedRunSource(sources));
    store.write('adder/card.json', '{"name": "adder", "tit');

    expect(await registry.refresh()).toBe('kept');
    registry.close();
    other.remove();
  });
});
