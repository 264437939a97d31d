import { Logger } from '@nestjs/common';

import { TestStore } from '../../../test/support/stores/build-store.js';
import { FORM_CASES, FORM_ROWS, formRun } from '../../../test/support/stores/form-runs.js';
import type { FormCase } from '../../../test/support/stores/form-runs.js';
import { TestRegistry, createTestHost } from '../../../test/support/registry/test-registry.js';
import { until } from '../../../test/support/until.js';
import { compareOutput, comparisonOf } from '../../codec/examples-match.js';
import { AppError } from '../../domain/app-error.js';
import type { JsonObject } from '../../lib/json/json.js';
import { parseJson, stringifyJson } from '../../lib/json/json-text.js';
import { RunLoader } from '../loading/run-loader.js';
import type { LoadedRun } from '../loading/loaded-run.js';

const [manyFields] = FORM_CASES.filter(({ properties }) => 'all' in properties) as [FormCase];

const options = (loaded: LoadedRun) =>
  ({
    source: 'body',
    mode: 'strict',
    locOf: (i: number) => [i],
    include: new Set(loaded.onRequestFields),
    timeoutMs: 5_000,
  }) as const;

describe('a run takes over and gives way whatever its output fields are', () => {
  const host = createTestHost();
  const stores: TestStore[] = [];
  const registries: TestRegistry[] = [];
  afterEach(() => {
    jest.restoreAllMocks();
    for (const registry of registries.splice(0)) registry.close();
    for (const store of stores.splice(0)) store.remove();
  });
  afterAll(() => host.close());

  const start = async (form: FormCase): Promise<{ store: TestStore; registry: TestRegistry }> => {
    const store = new TestStore().addModel('forms').addRun('forms', 'first', formRun(form), 'onnx-forms');
    stores.push(store);
    const registry = await TestRegistry.start(store, host);
    registries.push(registry);
    return { store, registry };
  };
  const addBetter = (store: TestStore, form: FormCase): void => {
    const better = { ...formRun(form), metrics: { f1: 0.9 } };
    store.addRun('forms', 'second', better, 'onnx-forms');
  };
  const best = (registry: TestRegistry): LoadedRun => registry.model('forms').best!.loaded;
  const reasonOf = (registry: TestRegistry, runId: string) =>
    registry.model('forms').runs.find(({ run }) => run.run_id === runId)?.verdict.reasons[0];
  const predict = (loaded: LoadedRun, rows: readonly JsonObject[]) => loaded.predict(rows, options(loaded));

  it.each(FORM_CASES)('$what', async (form) => {
    const { store, registry } = await start(form);
    expect(registry.servedBy('forms')).toBe('first');

    addBetter(store, form);
    expect(await registry.refresh('forms')).toBe('second');
    expect(best(registry).isRowByRow).toBe(false);
    const together = await predict(best(registry), FORM_ROWS);
    const comparison = comparisonOf(best(registry).run);
    expect(together.map((answer, i) => compareOutput(answer, form.outputs[i]!, comparison))).toEqual(
      form.outputs.map(() => undefined),
    );
    for (const [i, row] of FORM_ROWS.entries()) expect(await predict(best(registry), [row])).toEqual([together[i]]);
    expect(parseJson(await best(registry).predictText(FORM_ROWS, options(best(registry))))).toEqual(
      parseJson(stringifyJson(together)),
    );

    await registry.pin('first', 'forms');
    expect(await predict(best(registry), FORM_ROWS)).toEqual(together);
  });

  it.each(FORM_CASES)('is rolled back in its bake period, whatever it answers: $what', async (form) => {
    const { store, registry } = await start(form);
    const before = await predict(best(registry), FORM_ROWS);
    addBetter(store, form);
    expect(await registry.refresh('forms')).toBe('second');
    const failure = new AppError('PREDICTION_FAILED', {}, { cause: new Error('no') });
    jest.spyOn(Logger.prototype, 'error').mockImplementation();
    jest.spyOn(best(registry)['handle'], 'predictParts').mockRejectedValue(failure);

    // Of failures that are just being tried on the previous run no more than four count.
    await until(async () => {
      await predict(best(registry), FORM_ROWS).catch(() => undefined);
      return registry.servedBy('forms') === 'first';
    });

    expect(await predict(best(registry), FORM_ROWS)).toEqual(before);
  });

  it('an answer outside the contract inside of an object keeps a run from taking over', async () => {
    const bounded = {
      ...manyFields.properties,
      all: { type: 'object', additionalProperties: { maximum: 2 } },
    } as const;
    const { store, registry } = await start({ ...manyFields, properties: bounded });
    const decode = { ...manyFields.decode, activation: 'none' } as const;
    store.addRun(
      'forms',
      'second',
      {
        ...formRun({ ...manyFields, decode, properties: bounded }),
        metrics: { f1: 0.9 },
        encode: {
          tensors: [
            {
              kind: 'columns',
              tensor: 'x',
              dtype: 'float32',
              columns: ['a', 'b', 'c'].map((field) => ({ kind: 'number', field, divide: 0.5 })),
            },
          ],
        },
        examples: [{ input: { a: 0, b: 0.25, c: 0 }, output: { label: 'b' } }],
      },
      'onnx-forms',
    );

    expect(await registry.refresh('forms')).toBe('first');
    expect(reasonOf(registry, 'second')).toMatchObject({
      code: 'REHEARSAL_FAILED',
      message:
        'Its answer to example 2 of the served run is outside the contract: all.a: ensure this value is less than or equal to 2.',
    });
  });

  it('an unexpected error of a rehearsal is the fault of the server, and is logged with its stack', async () => {
    const { store, registry } = await start(manyFields);
    const bug = new TypeError('check is not a function');
    jest.spyOn(best(registry).codec.outputs, 'check').mockImplementation(() => {
      throw bug;
    });
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    addBetter(store, manyFields);

    expect(await registry.refresh('forms')).toBe('first');
    expect(reasonOf(registry, 'second')).toMatchObject({
      code: 'INTERNAL',
      message: 'The server failed while it tried the run; this is no fault of the run.',
    });
    expect(logged).toHaveBeenCalledWith(expect.stringContaining('second'), bug);
  });

  it('an unexpected error of a load is the fault of the server, and the next best run serves', async () => {
    const { store, registry } = await start(manyFields);
    const bug = new TypeError('not a function');
    jest.spyOn(RunLoader.prototype, 'loadOnTrial').mockRejectedValueOnce(bug);
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation();
    addBetter(store, manyFields);

    expect(await registry.refresh('forms')).toBe('first');
    expect(reasonOf(registry, 'second')?.code).toBe('INTERNAL');
    expect(logged).toHaveBeenCalledWith(expect.stringContaining('second'), bug);
  });

  it('an unexpected error of a self-test is the fault of the server', async () => {
    const { store, registry } = await start(manyFields);
    const bug = new TypeError('not a function');
    jest.spyOn(best(registry).constructor.prototype as LoadedRun, 'predict').mockRejectedValueOnce(bug);
    jest.spyOn(Logger.prototype, 'error').mockImplementation();
    addBetter(store, manyFields);

    expect(await registry.refresh('forms')).toBe('first');
    expect(reasonOf(registry, 'second')?.code).toBe('INTERNAL');
  });
});
