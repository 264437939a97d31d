import { deriveCard } from './model-card.js';

const TAGS = { 'bestrun.metric': 'f1', 'bestrun.goal': 'maximize' };
const nameOf = (name: string, tags: Record<string, string> = {}) =>
  deriveCard({ kind: 'experiment', name, description: '', tags: { ...TAGS, ...tags } }, { name }).card?.name;

describe('the name of a model of MLflow', () => {
  it.each([
    ['Iris flowers', 'iris-flowers'],
    ['模型', 'u6a21-u578b'],
    ['модель', 'u43c-u43e-u434-u435-u43b-u44c'],
    ['模型 v2', 'v2'],
    ['🚢', 'u1f6a2'],
  ])('of the experiment "%s" is %s', (experiment, expected) => {
    expect(nameOf(experiment)).toBe(expected);
    expect(expected).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  });

  it('is what a tag of its owner says', () => {
    expect(nameOf('模型', { 'bestrun.name': 'prices' })).toBe('prices');
  });

  it('stays short for a long text', () => {
    expect(nameOf('模'.repeat(300))!.length).toBeLessThan(80);
  });
});
