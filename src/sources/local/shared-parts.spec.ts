import { sumRun } from '../../../test/support/stores/build-store.js';
import { SharedParts } from './shared-parts.js';

describe(SharedParts.name, () => {
  const run = (more = {}) => ({ ...structuredClone(sumRun('adder-1', '0'.repeat(64))), ...more });

  it('gives equal parts the same objects, and leaves the run as it was written', () => {
    const shared = new SharedParts();
    const [first, second] = [shared.share(run()), shared.share(run({ run_id: 'adder-2' }))];

    expect(second.signature).toBe(first.signature);
    expect(second.encode).toBe(first.encode);
    expect(second.metrics).not.toBe(first.metrics);
    expect(JSON.stringify(second)).toBe(JSON.stringify(run({ run_id: 'adder-2' })));
  });

  it('tells parts apart in which only the order of the keys differs: columns may depend on it', () => {
    const shared = new SharedParts();
    const [first, second] = [
      shared.share(run({ tags: { a: '1', b: '2' } })),
      shared.share(run({ tags: { b: '2', a: '1' } })),
    ];

    expect([first, second].map(({ tags }) => Object.keys(tags))).toEqual([
      ['a', 'b'],
      ['b', 'a'],
    ]);
  });

  it('remembers the kinds of runs that came last', () => {
    const shared = new SharedParts();
    const tagsOf = (name: string) => shared.share(run({ tags: { name } })).tags;
    const first = tagsOf('first');
    for (let i = 0; i < 7; i++) tagsOf(`other-${i}`);

    expect(tagsOf('first')).toBe(first);
    for (let i = 0; i < 8; i++) tagsOf(`another-${i}`);
    expect(tagsOf('first')).not.toBe(first);
  });
});
