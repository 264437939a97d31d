import { rmSync, writeFileSync } from 'node:fs';

import { describeRunSource } from '../../../test/contracts/run-source.contract.js';
import { TestStore } from '../../../test/support/stores/build-store.js';
import { LocalRunSource } from './local-run-source.js';

const stores: TestStore[] = [];
afterAll(() => stores.forEach((store) => store.remove()));

describeRunSource('a folder', () => {
  const store = new TestStore()
    .addModel('adder')
    .addRun('adder', 'best', { metrics: { f1: 0.9 } })
    .addRun('adder', 'second', { metrics: { f1: 0.8 } })
    .addRun('adder', 'changed', { metrics: { f1: 0.95 } });
  writeFileSync(store.path('adder/runs/changed/artifacts/model.onnx'), 'something else');
  stores.push(store);
  return {
    makeSource: () => new LocalRunSource(store.folder),
    servable: ['best', 'second'],
    unservable: { changed: 'CHECKSUM_MISMATCH' },
    takeAway: () => rmSync(store.folder, { recursive: true }),
    damageBest: () => writeFileSync(store.path('adder/runs/best/run.json'), '{"run_id": "be'),
  };
});
