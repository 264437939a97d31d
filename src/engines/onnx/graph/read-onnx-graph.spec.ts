import { join } from 'node:path';

import { engineFixtures } from '../../../../test/contracts/inference-engine.contract.js';
import { ProtobufError } from './protobuf-file.js';
import { readOnnxGraph } from './read-onnx-graph.js';

const graphOf = (folder: string, file = 'model.onnx') => readOnnxGraph(join(engineFixtures, folder, file));

describe(readOnnxGraph.name, () => {
  it('tells versions, nodes, weights, inputs and outputs', () => {
    const { irVersion, operatorVersions, nodes, initializers, inputs, outputs, weightFiles } = graphOf('onnx-gather');

    expect([irVersion, [...operatorVersions]]).toEqual([
      8,
      [
        ['', 17],
        ['ai.onnx.ml', 3],
      ],
    ]);
    expect(nodes).toMatchObject([
      { opType: 'Gather', domain: '', inputs: ['table', 'index'], outputs: ['y'], bodies: [] },
    ]);
    expect(initializers).toEqual([{ name: 'table', shape: [3] }]);
    expect([inputs, outputs]).toMatchObject([[{ name: 'index', kind: 'tensor' }], [{ name: 'y', kind: 'tensor' }]]);
    expect(weightFiles).toEqual([]);
  });

  it('finds weights in other files wherever the graph names them: in bodies and functions too', () => {
    expect([...graphOf('onnx-weights-everywhere').weightFiles].sort()).toEqual([
      'function.bin',
      'graph.bin',
      'sub/else.bin',
      'then.bin',
    ]);
  });

  it('tells sequences from tensors, and the labels of a ZipMap to their last digit', () => {
    const { outputs, nodes } = graphOf('onnx-zipmap-weights');

    expect(outputs.map(({ name, kind }) => [name, kind])).toEqual([
      ['probabilities', 'sequence'],
      ['scores', 'tensor'],
    ]);
    expect(nodes.at(-1)!.labels).toEqual([20001n, 9007199254740993n]);
  });

  it('reads the bodies of a loop', () => {
    const [loop] = graphOf('onnx-slow').nodes;

    expect(loop!.bodies).toMatchObject([{ nodes: [{ opType: 'Identity' }, { opType: 'Add' }] }]);
  });

  it.each(['weights.bin', '../make-onnx-fixtures.py'])('refuses what is no ONNX file: %s', (file) => {
    expect(() => graphOf('onnx-weights', file)).toThrow(ProtobufError);
  });
});
