import { join } from 'node:path';

import type { Run } from '../../../src/domain/run.js';
import { TestStore, sha256 } from '../stores/build-store.js';

const FIXTURE = 'tfjs-layers-sum';
const file = (name: string) => join(__dirname, '..', '..', 'fixtures', 'engines', FIXTURE, name);

/**
 * A run for threads of `faulty-worker.cjs`: each row is a command, its answer is the command's length. The artifact is
 * there to be checked, and in a format whose threads may be ended.
 */
export const onDemandRun: Partial<Run> = {
  signature: {
    input: { type: 'object', properties: { command: { type: 'string' } }, required: ['command'] },
    output: { type: 'object', properties: { length: { type: 'integer' } }, required: ['length'] },
  },
  model: {
    format: 'tfjs-layers',
    path: 'artifacts/model.json',
    sha256: sha256(file('model.json')),
    files: [{ path: 'artifacts/weights.bin', sha256: sha256(file('weights.bin')) }],
  },
  encode: {
    tensors: [
      {
        kind: 'columns',
        tensor: 'command',
        dtype: 'string',
        rank: 1,
        columns: [{ kind: 'string', field: 'command' }],
      },
    ],
  },
  decode: { kind: 'tensors', fields: { length: 'length' } },
  examples: [{ input: { command: 'answer' }, output: { length: 6 } }],
};

/** A store of models whose threads do what they are told. */
export function onDemandStore(...models: string[]): TestStore {
  const store = new TestStore();
  for (const model of models) store.addModel(model).addRun(model, `${model}-1`, onDemandRun, FIXTURE);
  return store;
}
