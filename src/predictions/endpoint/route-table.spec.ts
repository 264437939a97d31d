import { RouteTable } from './route-table.js';
import type { PredictionRoute } from './prediction-route.js';

const route = (method: PredictionRoute['method'], path: string): PredictionRoute => ({
  method,
  path,
  target: 'model',
  rows: 'inputs',
});

describe(RouteTable.name, () => {
  const table = new RouteTable([
    route('POST', 'predict'),
    route('POST', 'models/:model/predictions'),
    route('PUT', 'models/:model/predictions'),
  ]);

  it.each([
    ['/predict', {}],
    ['/predict/', {}],
    ['/models/adder/predictions', { model: 'adder' }],
    ['/models/a%20b%2Fc/predictions', { model: 'a b/c' }],
  ])('finds the route of POST %s with what its parameters say', (path, params) => {
    expect(table.find('POST', path)?.params).toEqual(params);
  });

  it.each([
    ['GET', '/predict'],
    ['POST', '/Predict'],
    ['POST', '/predict/x'],
    ['POST', '/models//predictions'],
    ['POST', '/models/%/predictions'],
    ['POST', '/models/adder'],
    ['POST', '/'],
    ['PUT', '/predict'],
  ])('finds none for %s %s', (method, path) => {
    expect(table.find(method, path)).toBeUndefined();
  });
});
