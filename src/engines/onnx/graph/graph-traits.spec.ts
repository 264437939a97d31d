import { join } from 'node:path';

import type { GraphNode, OnnxGraph } from './onnx-graph.js';
import { graphTraits } from './graph-traits.js';
import { readOnnxGraph } from './read-onnx-graph.js';

const models = join(__dirname, '..', '..', '..', '..', 'models');
const graphOf = (...nodes: Partial<GraphNode>[]) =>
  ({ nodes: nodes.map((node) => ({ settings: new Map(), ...node })) }) as unknown as OnnxGraph;

describe(graphTraits.name, () => {
  it('tells what a real model takes for a word', () => {
    const { words } = graphTraits(readOnnxGraph(join(models, 'project-tags', 'runs', 'tfidf-linear', 'model.onnx')));

    expect(words?.pattern).toBe('[a-zA-Z0-9]+');
  });

  it('tells how many words are counted as one', () => {
    const tokenizer = { opType: 'Tokenizer', settings: new Map([['tokenexp', '\\w+']]) };
    const counter = { opType: 'TfIdfVectorizer', settings: new Map([['max_gram_length', 2n]]) };

    expect(graphTraits(graphOf(tokenizer, counter)).words).toEqual({ pattern: '\\w+', maxWords: 2 });
    expect(graphTraits(graphOf(tokenizer)).words).toBeUndefined();
  });

  it.each([
    ['Scaler', true],
    ['TreeEnsembleClassifier', true],
    ['Gemm', false],
  ])('tells whether the scale of its inputs can be the cause: %s', (opType, expected) => {
    expect(graphTraits(graphOf({ opType })).hasOwnScale).toBe(expected);
  });
});
