import { ignoredTags, unknownCardTags } from './ignored-tags.js';
import type { ModelField } from './model-field.js';

const column = (name: string, more: Partial<ModelField> = {}): ModelField => ({
  field: name,
  name,
  kind: 'string',
  shape: [],
  isRequired: false,
  ...more,
});
const COLUMNS = [
  column('town'),
  column('age', { kind: 'integer', isRequired: true }),
  column('seen', { format: 'date-time' }),
  column('history', { kind: 'number', shape: [24] }),
];

describe('a tag of a run that begins with "bestrun."', () => {
  it.each(['bestrun.missing.town', 'bestrun.missing.seen', 'bestrun.date.seen', 'mlflow.note.content', 'bestrun'])(
    'is no cause for a warning where it has an effect, or is of somebody else: %s',
    (name) => {
      expect(ignoredTags({ [name]: 'x' }, COLUMNS)).toEqual([]);
    },
  );

  it.each([
    ['bestrun.missing.twon', 'the signature has no such column; "bestrun.missing.town" is probably meant'],
    ['bestrun.missing.Town', 'the signature has no such column; "bestrun.missing.town" is probably meant'],
    ['bestrun.missing.street', 'the signature has no such column'],
    ['bestrun.mising.town', 'there is no such tag; "bestrun.missing.town" is probably meant'],
    ['bestrun.dates.seen', 'there is no such tag; "bestrun.date.seen" is probably meant'],
    ['bestrun.threshold', 'there is no such tag'],
    ['bestrun.missing.age', 'the signature says that the column is required'],
    ['bestrun.missing.history', 'the column holds lists'],
    ['bestrun.date.town', 'the column is no datetime'],
    ['bestrun.metric', 'it belongs to the experiment or the registered model, not to a run'],
  ])('is told where it has no effect: %s', (name, cause) => {
    const [warning, ...more] = ignoredTags({ [name]: 'x' }, COLUMNS);

    expect(warning).toMatchObject({ code: 'TAG_IGNORED', message: `The tag "${name}" has no effect: ${cause}.` });
    expect(more).toEqual([]);
  });

  it('is told where a contract says how columns reach the model', () => {
    const [warning] = ignoredTags({ 'bestrun.missing.town': 'x' }, COLUMNS, 'bestrun/run.json');

    expect(warning!.message).toContain('"encode" in bestrun/run.json says how columns reach the model');
  });

  it('is not judged by its column where no signature was logged', () => {
    expect(ignoredTags({ 'bestrun.missing.town': 'x' }, undefined)).toEqual([]);
  });

  it('is counted only where there are many', () => {
    const tags = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`bestrun.what${i}`, 'x']));
    const warnings = ignoredTags(tags, COLUMNS);

    expect(warnings).toHaveLength(9);
    expect(warnings.at(-1)!.message).toBe('12 more tags have no effect.');
  });
});

describe('a tag of an experiment or registered model', () => {
  it('is told when there is none of its name, with the one that is probably meant', () => {
    const tags = { 'bestrun.metric': 'f1', 'bestrun.gaol': 'maximize', 'bestrun.missing.town': 'x', other: 'x' };

    expect(unknownCardTags(tags)).toEqual([
      'The tag "bestrun.gaol" has no effect: there is no such tag; "bestrun.goal" is probably meant.',
      'The tag "bestrun.missing.town" has no effect: it belongs to the run.',
    ]);
  });
});
