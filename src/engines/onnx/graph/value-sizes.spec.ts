import { join } from 'node:path';

import { engineFixtures } from '../../../../test/contracts/inference-engine.contract.js';
import type { GraphBody, GraphNode } from './onnx-graph.js';
import { readOnnxGraph } from './read-onnx-graph.js';
import { hasValueSizes } from './value-sizes.js';

const named = (...names: string[]) => names.map((name) => ({ name })) as unknown as GraphBody['inputs'];
const node = (opType: string, inputs: string[], outputs: string[], more: Partial<GraphNode> = {}): GraphNode =>
  ({ opType, domain: '', inputs, outputs, bodies: [], labels: [], ...more }) as unknown as GraphNode;
const graph = (nodes: readonly GraphNode[], inputs = named('x')): GraphBody => ({
  nodes,
  inputs,
  outputs: [],
  initializers: [{ name: 'w', shape: [1] }],
});

describe(hasValueSizes.name, () => {
  it.each<[boolean, string, GraphBody]>([
    [true, 'a range up to a value', graph([node('Cast', ['x'], ['n']), node('Range', ['w', 'n', 'w'], ['y'])])],
    [
      false,
      'a range up to the number of rows',
      graph([node('Shape', ['x'], ['n']), node('Range', ['w', 'n', 'w'], ['y'])]),
    ],
    [false, 'a tensor repeated as often as the weights say', graph([node('Tile', ['x', 'w'], ['y'])])],
    [true, 'a loop that ends when its values say so', graph([node('Loop', ['', 'go', 'x'], ['y'])])],
    [true, 'an operator that nobody knows', graph([node('Fancy', ['x'], ['y'], { domain: 'com.acme' })])],
    [false, 'weights that are listed among the inputs', graph([node('Tile', ['x', 'w'], ['y'])], named('x', 'w'))],
    [
      true,
      'a size inside of a body',
      graph([node('If', ['w'], ['y'], { bodies: [graph([node('ConstantOfShape', ['x'], ['z'])], [])] })]),
    ],
  ])('is %s for %s', (expected, _what, body) => {
    expect(hasValueSizes(body)).toBe(expected);
  });

  it.each<[boolean, string]>([
    [true, 'onnx-slow-rows'],
    [false, 'onnx-gather'],
    [false, 'onnx-sum'],
    [false, 'onnx-total'],
  ])('is %s for the fixture %s', (expected, folder) => {
    expect(hasValueSizes(readOnnxGraph(join(engineFixtures, folder, 'model.onnx')))).toBe(expected);
  });
});
