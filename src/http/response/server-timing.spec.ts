import { PredictionTiming } from '../../domain/prediction-timing.js';
import { serverTiming } from './server-timing.js';

const timing = (fields: Partial<PredictionTiming>): PredictionTiming => Object.assign(new PredictionTiming(), fields);

describe(serverTiming.name, () => {
  it('names the parts of a prediction in the order they happen', () => {
    const parts = { parseMs: 1, validateMs: 2, queueMs: 3, batchRows: 64, inferMs: 4, serialiseMs: 5 };

    expect(serverTiming(timing(parts))).toBe(
      'parse;dur=1, validate;dur=2, queue;dur=3, batch;desc="64", infer;dur=4, serialise;dur=5',
    );
  });

  it('counts the wait of a large body for its turn as waiting', () => {
    expect(serverTiming(timing({ turnMs: 10, queueMs: 3 }))).toContain('queue;dur=13,');
  });

  it('gives milliseconds to the microsecond', () => {
    const text = serverTiming(timing({ parseMs: 0.0004, validateMs: 0.0006, queueMs: 1234.56789, inferMs: 0.1 + 0.2 }));

    expect(text).toBe(
      'parse;dur=0, validate;dur=0.001, queue;dur=1234.568, batch;desc="0", infer;dur=0.3, serialise;dur=0',
    );
  });

  it.each([0, 1e-9, 0.0005, 1 / 3, 0.999, 3_600_000, 1e9 + 1 / 7])('writes %d ms without an exponent', (ms) => {
    for (const [, duration] of serverTiming(timing({ inferMs: ms })).matchAll(/dur=([^,]*)/g)) {
      expect(duration).toMatch(/^\d+(\.\d{1,3})?$/);
    }
  });
});
