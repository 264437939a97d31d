import fc from 'fast-check';

import { argmax, sigmoid, softmax } from './numeric.js';

describe('sigmoid', () => {
  it('is one half at zero and stays within 0 and 1 at the ends', () => {
    expect(sigmoid(0)).toBe(0.5);
    expect(sigmoid(-1000)).toBe(0);
    expect(sigmoid(1000)).toBe(1);
    expect(sigmoid(-Infinity)).toBe(0);
    expect(sigmoid(Infinity)).toBe(1);
  });

  it('keeps the digits of small probabilities', () => {
    expect(sigmoid(-40)).toBeCloseTo(4.248354255291589e-18, 30);
  });

  it('gives NaN for NaN', () => {
    expect(sigmoid(NaN)).toBeNaN();
  });

  it('mirrors around zero', () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
        expect(sigmoid(x) + sigmoid(-x)).toBeCloseTo(1, 12);
      }),
    );
  });
});

describe('softmax', () => {
  it('does not overflow for large values of either sign', () => {
    expect(softmax([1000, 1000])).toEqual([0.5, 0.5]);
    expect(softmax([-100000, 0])).toEqual([0, 1]);
    expect(softmax([-1000, -1000, -1000, -1000])).toEqual([0.25, 0.25, 0.25, 0.25]);
  });

  it('gives NaN everywhere when one value is NaN', () => {
    expect(softmax([1, NaN])).toEqual([NaN, NaN]);
  });

  it('sums to one and does not change when a constant is added', () => {
    const values = fc.array(fc.double({ min: -500, max: 500, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(values, fc.integer({ min: -100, max: 100 }), (xs, shift) => {
        const result = softmax(xs);
        const shifted = softmax(xs.map((x) => x + shift));

        expect(result.reduce((a, b) => a + b)).toBeCloseTo(1, 10);
        result.forEach((p, i) => expect(shifted[i]).toBeCloseTo(p, 10));
      }),
    );
  });
});

describe('argmax', () => {
  it('takes the first of equals', () => {
    expect(argmax([1, 3, 3])).toBe(1);
    expect(argmax([-Infinity, -Infinity])).toBe(0);
  });

  it('says -1 for nothing and for NaN', () => {
    expect(argmax([])).toBe(-1);
    expect(argmax([1, NaN, 3])).toBe(-1);
  });
});
