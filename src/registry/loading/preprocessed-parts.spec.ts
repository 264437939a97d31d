import type { NamedTensors, Tensor } from '../../domain/tensor.js';
import { addPreprocessed } from './preprocessed-parts.js';

const tensor = (columns: number, ...data: number[]): Tensor => ({
  dtype: 'float32',
  shape: [data.length / columns, columns],
  data: Float32Array.from(data),
});
const named = (name: string, value: Tensor): NamedTensors => new Map([[name, value]]);
const show = ({ parts, order }: ReturnType<typeof addPreprocessed>) => ({
  parts: parts.map(({ rows, tensors }) => [
    rows,
    ...[...tensors].map(([name, { shape, data }]) => [name, shape, [...data]]),
  ]),
  order,
});

/** Three rows, the others' lengths in the same order as their first column. */
const whole = { parts: [{ rows: 3, tensors: named('a', tensor(1, 1, 2, 3)) }], order: undefined };
/** Texts of one, two and one tokens, filled up with 0. */
const texts = (isLeft = false) => ({
  tensors: [['ids', isLeft ? tensor(2, 0, 1, 2, 2, 0, 3) : tensor(2, 1, 0, 2, 2, 3, 0)]] as const,
  filled: { lengths: [1, 2, 1], isLeft },
  places: [0, 1, 2],
});

describe(addPreprocessed, () => {
  it('puts rows that may be filled up beside the others', () => {
    expect(show(addPreprocessed(whole, [texts()], true))).toEqual({
      parts: [[3, ['a', [3, 1], [1, 2, 3]], ['ids', [3, 2], [1, 0, 2, 2, 3, 0]]]],
      order: undefined,
    });
  });

  it.each([false, true])('makes a part for each length where they may not (filled at the beginning: %s)', (isLeft) => {
    expect(show(addPreprocessed(whole, [texts(isLeft)], false))).toEqual({
      parts: [
        [2, ['a', [2, 1], [1, 3]], ['ids', [2, 1], [1, 3]]],
        [1, ['a', [1, 1], [2]], ['ids', [1, 2], [2, 2]]],
      ],
      order: [0, 2, 1],
    });
  });

  it('follows rows that are in parts already, and fills each part up to its own longest row', () => {
    const parts = [
      { rows: 2, tensors: named('a', tensor(1, 1, 3)) },
      { rows: 1, tensors: named('a', tensor(2, 2, 2)) },
    ];

    expect(show(addPreprocessed({ parts, order: [0, 2, 1] }, [texts()], true))).toEqual({
      parts: [
        [2, ['a', [2, 1], [1, 3]], ['ids', [2, 1], [1, 3]]],
        [1, ['a', [1, 2], [2, 2]], ['ids', [1, 2], [2, 2]]],
      ],
      order: [0, 2, 1],
    });
  });

  it('does not fill thousands of short rows up to a long one', () => {
    const lengths = Array.from({ length: 2_001 }, (_, i) => (i === 0 ? 2_000 : 1));
    const ids: Tensor = { dtype: 'float32', shape: [2_001, 2_000], data: new Float32Array(2_001 * 2_000) };
    const rows = { parts: [{ rows: 2_001, tensors: new Map() }], order: undefined };
    const { parts } = addPreprocessed(
      rows,
      [{ tensors: [['ids', ids]], filled: { lengths, isLeft: false }, places: lengths.map((_, i) => i) }],
      true,
    );

    expect(parts.map(({ tensors }) => tensors.get('ids')!.shape)).toEqual([
      [1, 2_000],
      [2_000, 1],
    ]);
  });

  it('writes the rows that the thread made into a tensor that holds the others', () => {
    const made = { tensors: [['a', tensor(1, 7, 8)]] as const, places: [0, 2] };
    const apart = { ...texts(), tensors: [['ids', tensor(2, 1, 0, 2, 2, 3, 0)]] as const };
    const rows = () => ({ parts: [{ rows: 3, tensors: named('a', tensor(1, 0, 2, 0)) }], order: undefined });

    expect(show(addPreprocessed(rows(), [made], true)).parts).toEqual([[3, ['a', [3, 1], [7, 2, 8]]]]);
    expect(show(addPreprocessed(rows(), [made, apart], false)).parts).toEqual([
      [2, ['a', [2, 1], [7, 8]], ['ids', [2, 1], [1, 3]]],
      [1, ['a', [1, 1], [2]], ['ids', [1, 2], [2, 2]]],
    ]);
  });
});
