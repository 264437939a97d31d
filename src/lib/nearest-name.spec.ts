import { isSimilarName, nearestName } from './nearest-name.js';

describe('the name that is probably meant', () => {
  it.each([
    ['input', 'inputs'],
    ['Inputs', 'inputs'],
    ['inupts', 'inputs'],
    ['includ', 'include'],
    ['run-id', 'run_id'],
    ['runId', 'run_id'],
    ['modle', 'model'],
  ])('of %s is %s', (name, meant) => {
    expect(nearestName(name, ['model', 'run_id', 'inputs', 'include'])).toBe(meant);
  });

  it.each(['params', 'instances', 'x', '', 'dataframe_split', 'i'.repeat(1_000)])('of %s is none', (name) => {
    expect(nearestName(name, ['model', 'run_id', 'inputs', 'include'])).toBeUndefined();
  });

  it('is the nearest of several', () => {
    expect(nearestName('gene_12x4', ['gene_1299', 'gene_1234', 'gene_1244'])).toBe('gene_1234');
  });

  it('is not any other short name', () => {
    expect(isSimilarName('a', 'b')).toBe(false);
    expect(isSimilarName('HOME', 'HOST')).toBe(false);
  });

  it('takes two changes in a long name, wherever they are, and no third', () => {
    const known = 'time_since_last_purchase';
    for (const near of [
      'time_since_last_purchse',
      'itme_since_last_purchsae',
      'tim_since_last_purchases',
      'xtime_since_last_purchasex',
    ])
      expect(nearestName(near, [known])).toBe(known);
    for (const far of [
      'tme_snce_lst_purchase',
      'itme_sicne_last_purchsae',
      'since_last_purchase',
      'purchase_time_since_last',
    ])
      expect(nearestName(far, [known])).toBeUndefined();
  });
});
