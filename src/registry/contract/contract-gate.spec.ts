import { sumRun } from '../../../test/support/stores/build-store.js';
import { contractOf } from '../../domain/contract.js';
import type { Run } from '../../domain/run.js';
import type { FieldSchema } from '../../domain/signature.js';
import { hasContract, passContractGate } from './contract-gate.js';

const run = sumRun('run', '');
/** The run with other inputs. */
const taking = (properties: Record<string, FieldSchema>): Run => ({
  ...run,
  signature: { ...run.signature, input: { type: 'object', properties } },
});
const empty = { type: 'object', properties: {} } as const;

describe('the gate that keeps clients from being broken', () => {
  it('lets a run pass that keeps one of the contracts that clients rely on', () => {
    const other = contractOf(taking({ c: { type: 'string' } }));

    expect(passContractGate(run, [contractOf(run)])).toEqual({ differences: [], rejection: undefined });
    expect(passContractGate(run, [other, contractOf(run)])).toEqual({ differences: [], rejection: undefined });
  });

  it('lets everything pass while no client relies on anything', () => {
    expect(passContractGate(run, [])).toEqual({ differences: [], rejection: undefined });
  });

  it('refuses a run that breaks all of them, and shows what it does to the first', () => {
    const [first, second] = [{ a: run.signature.input.properties['a']! }, { z: { type: 'string' } as const }];
    const { differences, rejection: why } = passContractGate(run, [
      contractOf(taking(first)),
      contractOf(taking(second)),
    ]);

    expect(differences.map(({ pointer }) => pointer)).toEqual(['/input/properties/a', '/input/properties/b']);
    expect(why).toMatchObject({
      code: 'CONTRACT_BREAKING',
      message:
        'The input "a" is required now. (/input/properties/a) The input "b" is new and required. (/input/properties/b)',
    });
  });

  it.each([
    [5, ''],
    [6, ' And 1 more.'],
    [8, ' And 3 more.'],
  ])('spells out five of %d differences', (count, more) => {
    const names = Array.from({ length: count }, (_, i) => `gone${i}`);
    const current = contractOf(taking(Object.fromEntries(names.map((name) => [name, { type: 'number' }]))));
    const { differences, rejection: why } = passContractGate(taking({ kept: { type: 'number' } }), [current]);
    const sentences = names.slice(0, 5).map((name) => `The input "${name}" is gone. (/input/properties/${name})`);

    expect(differences).toHaveLength(count);
    expect(why!.message).toBe(sentences.join(' ') + more);
  });

  it('lets a run pass that does not say its contract before it is loaded', () => {
    const silent: Run = { ...run, signature: { input: empty, output: empty } };

    expect(passContractGate(silent, [contractOf(run)])).toEqual({ differences: [], rejection: undefined });
  });
});

describe('a run that says what goes in and what comes out', () => {
  it('has fields on both sides', () => {
    const { input, output } = run.signature;

    expect(hasContract(run)).toBe(true);
    expect(hasContract({ ...run, signature: { input, output: empty } })).toBe(false);
    expect(hasContract({ ...run, signature: { input: empty, output } })).toBe(false);
    expect(hasContract({ ...run, signature: { input: empty, output: empty } })).toBe(false);
  });
});
