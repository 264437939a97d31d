import { parseMlflowItems } from './mlflow-selection.js';

describe('parseMlflowItems', () => {
  it('reads names, aliases and options', () => {
    expect(
      parseMlflowItems('titanic?metric=val/auc&goal=maximize&name=titanic-survival, house prices@champion ,*'),
    ).toEqual([
      { name: 'titanic', metric: 'val/auc', goal: 'maximize', as: 'titanic-survival' },
      { name: 'house prices', alias: 'champion' },
      { name: undefined },
    ]);
    expect(parseMlflowItems('')).toEqual([]);
  });

  it('takes the signs of its own grammar percent-encoded', () => {
    expect(parseMlflowItems('a%2Cb%3Fc%40d')).toEqual([{ name: 'a,b?c@d' }]);
  });

  it.each(['?metric=x', 'a?colour=red', 'a?goal=best', 'a?name=Not A Name', '*?name=all', 'a@b@c', '%'])(
    'refuses %s',
    (text) => expect(parseMlflowItems(text)).toBeUndefined(),
  );
});
