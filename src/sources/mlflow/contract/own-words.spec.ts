import { VERDICT_FIX, WARNING_FIX } from '../../../domain/verdict.js';
import { inWordsOf } from './own-words.js';

const MESSAGES = [
  '/encode/tensors/0/columns/1: the field "rooms" may be missing; make it required, give it a default, or say "missing".',
  '/encode/tensors/0: the field nests 2 deep, the shape 3.',
  '/decode/fields: signature.output has no field "y".',
  'Encode makes the tensor "x", which the model does not have; its inputs are "y".',
  'The model needs the input "z", which encode does not make.',
  'The input "x" is int64 in the model and float32 in encode.',
  'The output "y" has shape [?]; decode needs 2 columns.',
  'Only the examples without "age" differ: check "missing" of "age" in encode, the value that training had in its place.',
  'The values of "load" stand in "balance": check the order of decode.heads[1].fields.',
  'The values of "load" stand in "balance": check decode.fields.',
  'The probabilities fit, the labels of "fraud" change where "p" is between 0.2 and 0.4: set decode.threshold.',
  ...Object.values(VERDICT_FIX),
  ...Object.values(WARNING_FIX),
];

describe('a message about the parts of an MLflow run', () => {
  it.each(MESSAGES)('has no word of run.json that its owner never wrote: %s', (message) => {
    const told = inWordsOf(undefined, message);

    expect(told).not.toMatch(/encode|decode|\/tensors\//i);
    expect(inWordsOf({ place: 'bestrun/run.json', examples: [] }, message)).toBe(told);
  });

  it('names the file that a pointer is about when there is a contract', () => {
    const contract = { place: 'bestrun/run.json', encode: { tensors: [] } };

    expect(inWordsOf(contract, MESSAGES[1]!)).toBe(`bestrun/run.json ${MESSAGES[1]}`);
  });
});
