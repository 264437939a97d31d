import { PendingPrediction } from './pending-prediction.js';
import { PredictionList } from './prediction-list.js';

describe(PredictionList.name, () => {
  const made: PendingPrediction[] = [];
  afterEach(() => made.splice(0).forEach((prediction) => prediction.complete([])));

  const some = (count: number): PendingPrediction[] => {
    const options = { outputNames: [], timeoutMs: 60_000 };
    const predictions = Array.from(
      { length: count },
      () => new PendingPrediction([{ rows: 1, tensors: new Map() }], options, () => {}),
    );
    made.push(...predictions);
    return predictions;
  };
  const listOf = (predictions: PendingPrediction[]): PredictionList => {
    const list = new PredictionList();
    for (const prediction of predictions) list.push(prediction);
    return list;
  };

  it.each([
    ['the first', 0],
    ['one between', 1],
    ['the last', 2],
  ])('keeps the order of the others when %s leaves, and takes it again at the end', (_which, index) => {
    const predictions = some(3);
    const list = listOf(predictions);
    const [left] = predictions.splice(index, 1);
    list.delete(left!);
    expect([...list]).toEqual(predictions);
    expect([list.first, list.size]).toEqual([predictions[0], 2]);
    list.push(left!);
    expect([...list]).toEqual([...predictions, left]);
  });

  it('is empty when all have left', () => {
    const predictions = some(2);
    const list = listOf(predictions);
    for (const prediction of predictions) list.delete(prediction);
    expect([list.first, list.size, ...list]).toEqual([undefined, 0]);
  });

  it('leaves alone who stands in another list, or in none', () => {
    const [mine, other, none] = some(3) as [PendingPrediction, PendingPrediction, PendingPrediction];
    const [list, another] = [listOf([mine]), listOf([other])];
    list.delete(other);
    list.delete(none);
    expect([list.size, another.size]).toEqual([1, 1]);
  });

  it('lets go of who left: nothing leads from it to those that came after it', () => {
    const [first, second] = some(2) as [PendingPrediction, PendingPrediction];
    listOf([first, second]).delete(first);
    expect(Object.values(first.node)).toEqual([undefined, undefined, undefined]);
    expect(second.node.previous).toBeUndefined();
  });
});
