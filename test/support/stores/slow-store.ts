import { TestStore } from './build-store.js';
import { slowRun } from './tiny-runs.js';

/** `times` of a row of the slow model: about a second of native work on a usual machine. */
export const SLOW_TIMES = 1_500_000;

/** A store with the model `adder`, and with `slow`, whose rows take as long as their field `times` says. */
export function storeWithSlowModel(): TestStore {
  const store = new TestStore().addModel('adder').addRun('adder', 'adder-1');
  return store.addModel('slow').addRun('slow', 'slow-1', slowRun, 'onnx-slow-rows');
}
