import { nameComponents } from './component-names.js';

describe('nameComponents', () => {
  it('makes one word of a model’s name', () => {
    const names = nameComponents('titanic-survival', new Set());

    expect(names).toMatchObject({ input: 'TitanicSurvivalInput', postId: 'predictTitanicSurvival' });
  });

  it('starts with a letter whatever the model’s name starts with', () => {
    expect(nameComponents('3d', new Set()).output).toBe('Model3dOutput');
  });

  it('numbers models whose names read alike, also when only the case differs', () => {
    const taken = new Set<string>();

    const inputs = ['a-1b', 'a1-b', 'a1b'].map((model) => nameComponents(model, taken).input);

    expect(inputs).toEqual(['A1bInput', 'A1B_2Input', 'A1b_3Input']);
  });

  it('keeps clear of the fixed operations', () => {
    expect(nameComponents('from-query', new Set(['predictfromquery'])).postId).toBe('predictFromQuery_2');
  });
});
