import { join } from 'node:path';

import { engineFixtures } from '../../../../test/contracts/inference-engine.contract.js';
import type { GraphNode, OnnxGraph } from './onnx-graph.js';
import { hasPlainOperators } from './plain-operators.js';
import { readOnnxGraph } from './read-onnx-graph.js';
import { finalZipMaps } from './zip-map.js';

const node = (opType: string, domain = '', more: Partial<GraphNode> = {}): GraphNode =>
  ({ opType, domain, inputs: ['x'], outputs: ['y'], bodies: [], labels: [], ...more }) as unknown as GraphNode;
const graph = (nodes: readonly GraphNode[], hasFunctions = false): OnnxGraph =>
  ({ nodes, hasFunctions, inputs: [{ name: 'x' }], outputs: [], initializers: [] }) as unknown as OnnxGraph;
const fixture = (folder: string): OnnxGraph => readOnnxGraph(join(engineFixtures, folder, 'model.onnx'));

describe(hasPlainOperators.name, () => {
  it.each<[boolean, string, OnnxGraph]>([
    [true, 'arithmetic', graph([node('MatMul'), node('Add'), node('Softmax')])],
    [true, 'trees', graph([node('TreeEnsembleClassifier', 'ai.onnx.ml'), node('Cast')])],
    [false, 'a branch', graph([node('If')])],
    [false, 'any operator with a body', graph([node('Add', '', { bodies: [graph([node('Add')])] })])],
    [false, 'a recurrence', graph([node('LSTM')])],
    [false, 'a sequence', graph([node('SequenceAt')])],
    [false, 'a size that values decide', graph([node('NonMaxSuppression')])],
    [false, 'an operator of another domain by the same name', graph([node('Add', 'com.acme')])],
    [false, 'operators that the file brings itself', graph([node('Add')], true)],
    [true, 'the fixture onnx-sum', fixture('onnx-sum')],
    [false, 'the fixture onnx-slow', fixture('onnx-slow')],
  ])('is %s for %s', (expected, _what, body) => {
    expect(hasPlainOperators(body)).toBe(expected);
  });

  it('does not mind a ZipMap that is left out', () => {
    const withZipMap = fixture('onnx-zipmap-texts');
    const removed = finalZipMaps(withZipMap).map((zipMap) => zipMap.node);
    expect([hasPlainOperators(withZipMap), hasPlainOperators(withZipMap, removed)]).toEqual([false, true]);
  });
});
