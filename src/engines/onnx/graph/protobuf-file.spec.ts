import { join } from 'node:path';

import { engineFixtures } from '../../../../test/contracts/inference-engine.contract.js';
import { ProtobufError, ProtobufFile, bytesField, bytesHeader, numberField } from './protobuf-file.js';

const file = join(engineFixtures, 'onnx-gather', 'model.onnx');

describe(ProtobufFile.name, () => {
  it('reads each field once, one after the other, to the end of the file', () => {
    ProtobufFile.use(file, (model) => {
      const ends = [0];
      model.forEachField(0, model.size, ({ start, end }) => {
        expect(start).toBe(ends.at(-1));
        ends.push(end);
      });

      expect(ends.at(-1)).toBe(model.size);
    });
  });

  it('refuses fields that are longer than what holds them, and texts that are none', () => {
    ProtobufFile.use(file, (model) => {
      expect(() => model.forEachField(0, 20, () => undefined)).toThrow(ProtobufError);
      expect(() => model.bytes(0, model.size + 1)).toThrow('the file is cut short');
      const fields: Parameters<ProtobufFile['text']>[0][] = [];
      model.forEachField(0, model.size, (field) => fields.push(field));
      expect(() => model.text(fields[0]!)).toThrow('a name is none');
    });
  });
});

describe('written fields', () => {
  it('are tag, length and content', () => {
    expect([...numberField(1, 300)]).toEqual([0x08, 0xac, 0x02]);
    expect([...bytesField(2, Buffer.from('ab'))]).toEqual([0x12, 2, 0x61, 0x62]);
    expect([...bytesHeader(7, 200)]).toEqual([0x3a, 0xc8, 0x01]);
  });
});
