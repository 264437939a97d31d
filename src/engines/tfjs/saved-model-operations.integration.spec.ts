import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { bytesField } from '../onnx/graph/protobuf-file.js';
import { rejectOtherOperations } from './saved-model-operations.js';

const text = (number: number, value: string) => bytesField(number, Buffer.from(value));
const message = (number: number, ...parts: readonly Buffer[]) => bytesField(number, Buffer.concat(parts));

/** A node; `call` is a function that it may call by an attribute. */
function node(field: number, name: string, operation: string, inputs: readonly string[] = [], call?: string): Buffer {
  const attribute = call === undefined ? [] : [message(5, text(1, 'f'), message(2, message(10, text(1, call))))];
  return message(field, text(1, name), text(2, operation), ...inputs.map((input) => text(3, input)), ...attribute);
}

const fn = (name: string, ...nodes: readonly Buffer[]) => message(1, message(1, text(1, name)), ...nodes);
const signature = (tensor: string, name = 'serving_default') =>
  message(5, text(1, name), message(2, message(2, text(1, 'y'), message(2, text(1, tensor)))));
const saver = (restoreOperation: string) => message(3, text(1, 'filename:0'), text(3, restoreOperation));

describe('the operations of a SavedModel', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'bestrun-saved-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (nodes: readonly Buffer[], functions: readonly Buffer[], ...rest: readonly Buffer[]) =>
    writeFileSync(join(folder, 'saved_model.pb'), message(2, message(2, ...nodes, message(2, ...functions)), ...rest));
  const reject = () => rejectOtherOperations(folder);

  it('are taken when they compute, restore, and save where nothing runs that', () => {
    write(
      [
        node(1, 'x', 'Placeholder'),
        node(1, 'call', 'StatefulPartitionedCall', ['x:0'], 'serve'),
        node(1, 'save', 'StatefulPartitionedCall', ['filename'], 'save'),
        node(1, 'restore', 'StatefulPartitionedCall', ['filename'], 'restore'),
        node(1, 'filename', 'Placeholder'),
      ],
      [
        // Inside a function a name that the graph has too is another one.
        fn('serve', node(3, 'w', 'ReadVariableOp'), node(3, 'y', 'MatMul', ['save:0', 'w:value:0'])),
        fn('save', node(3, 'a', 'SaveV2'), node(3, 'b', 'MergeV2Checkpoints')),
        fn('restore', node(3, 'a', 'RestoreV2'), node(3, 'b', 'AssignVariableOp')),
      ],
      signature('call:0'),
      saver('restore'),
    );

    expect(reject).not.toThrow();
  });

  it.each(['WriteFile', 'ReadFile', 'PrintV2', 'Print', 'PyFunc', 'EagerPyFunc', 'SaveV2', 'RestoreV2', 'MyOp'])(
    'are refused where an answer needs %s',
    (operation) => {
      write([node(1, 'x', operation), node(1, 'y', 'Identity', ['x'])], [], signature('y:0'));

      expect(reject).toThrow(`The SavedModel uses the operation ${operation}, which is not known to`);
    },
  );

  it.each(['InitializeTableFromTextFileV2', 'WholeFileReaderV2', 'TFRecordDataset', 'DebugIdentity', 'WriteSummary'])(
    'are refused where %s stands in a function, behind a condition, or is only waited for',
    (operation) => {
      const inside = fn('inner', node(3, 'z', operation));
      const outer = fn('outer', node(3, 'if', 'If', [], 'inner'));
      write([node(1, 'y', 'outer')], [outer, inside], signature('y:0'));
      expect(reject).toThrow(operation);

      write([node(1, 'w', operation), node(1, 'y', 'NoOp', ['^w'])], [], signature('y:0'));
      expect(reject).toThrow(operation);
    },
  );

  it('are refused where loading would run them: to restore, or to initialise', () => {
    write([node(1, 'r', 'NoOp', ['^s']), node(1, 's', 'SaveV2')], [], saver('r'));
    expect(reject).toThrow('SaveV2');

    write([node(1, 'i', 'WriteFile')], [], signature('i', '__saved_model_init_op'));
    expect(reject).toThrow('WriteFile');

    const collection = message(4, text(1, 'saved_model_main_op'), message(2, message(1, text(1, 'i'))));
    write([node(1, 'i', 'WriteFile')], [], collection);
    expect(reject).toThrow('WriteFile');
  });

  it('are those of a model of Keras: texts as numbers, an embedding, a recurrent layer, a dense one', () => {
    const fixture = join(__dirname, '..', '..', '..', 'test', 'fixtures', 'engines', 'saved-model-text-lstm');
    const graph = gunzipSync(readFileSync(join(fixture, 'saved_model.pb.gz')));
    writeFileSync(join(folder, 'saved_model.pb'), graph);
    expect(reject).not.toThrow();

    // The same graph with another operation of the same length in the place of one.
    writeFileSync(
      join(folder, 'saved_model.pb'),
      Buffer.from(graph.toString('latin1').replaceAll('MatMul', 'MatXul'), 'latin1'),
    );
    expect(reject).toThrow('MatXul');
  });

  it('cannot be known of a file that is none', () => {
    writeFileSync(join(folder, 'saved_model.pb'), 'MatMul');

    expect(reject).toThrow();
  });
});
