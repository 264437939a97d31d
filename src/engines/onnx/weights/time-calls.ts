import { allocate, sizeOf } from '../../../domain/tensor.js';
import type { NamedTensors, Tensor } from '../../../domain/tensor.js';
import type { EngineModel } from '../../inference-engine.js';

/** Rows of the calls that are timed: a lone request, and some that share a call. */
const ROWS = [1, 8] as const;
/** Each is timed so often, after a call that fetches pages and fills caches; the shortest counts. */
const TIMES = 3;
/** Calls longer than this are timed once. */
const LONG_CALL_MS = 300;

/** Milliseconds of a call by its number of rows; fewer where the model takes one row only. */
export type CallMsByRows = ReadonlyMap<number, number>;

/**
 * Times calls of a model with rows of zeros.
 *
 * @returns undefined when it cannot compute them.
 */
export async function measureCallTimes(model: EngineModel): Promise<CallMsByRows | undefined> {
  const times = new Map<number, number>();
  const outputNames = model.info.outputs.map(({ name }) => name);
  try {
    for (const rows of ROWS) {
      const inputs = zeros(model, rows);
      if (inputs) times.set(rows, await shortestCall(() => model.predict(inputs, outputNames)));
    }
    return times.size > 0 ? times : undefined;
  } catch {
    return undefined;
  }
}

async function shortestCall(call: () => Promise<unknown>): Promise<number> {
  let shortestMs = Infinity;
  for (let i = 0; i <= TIMES; i += 1) {
    const startMs = performance.now();
    await call();
    const ms = performance.now() - startMs;
    if (i > 0 || ms > LONG_CALL_MS) shortestMs = Math.min(shortestMs, ms);
    if (i > 0 && ms > LONG_CALL_MS) break;
  }
  return shortestMs;
}

/** Rows of zeros and empty texts. @returns undefined when the model does not take this many. */
function zeros({ info }: EngineModel, rows: number): NamedTensors | undefined {
  const inputs = new Map<string, Tensor>();
  for (const { name, dtype, shape: declared } of info.inputs) {
    if (!dtype || !declared) return undefined;
    if (rows > 1 && declared[0] !== null) return undefined;
    const shape = declared.map((size, axis) => size ?? (axis === 0 ? rows : 1));
    inputs.set(name, { dtype, shape, data: allocate(dtype, sizeOf(shape)) });
  }
  return inputs;
}
