import type { FieldSchema } from '../domain/signature.js';
import { ValidationError } from '../domain/validation-issue.js';
import type { ReadyModel } from '../registry/model-registry.service.js';
import { chooseModel } from './choose-model.js';

const NUMBER: FieldSchema = { type: 'number' };
const TEXT: FieldSchema = { type: 'string' };

/** What the choice looks at, and no more. */
function aModel(name: string, properties: Record<string, FieldSchema>, required: string[]): ReadyModel {
  const signature = { input: { type: 'object', properties, required } };
  return { card: { name }, best: { registered: { run: { signature } } } } as unknown as ReadyModel;
}

const tags = aModel('tags', { text: TEXT }, ['text']);
const titanic = aModel('titanic', { age: NUMBER, sex: TEXT, pclass: NUMBER }, ['age', 'sex']);
const houses = aModel('houses', { age: NUMBER, size: NUMBER }, ['age', 'size']);
const models = [tags, titanic, houses];

describe('chooseModel', () => {
  it.each<[string[], ReadyModel]>([
    [['text'], tags],
    [['age', 'sex'], titanic],
    [['sex'], titanic],
    [['pclass'], titanic],
    [['age', 'size'], houses],
    [['age', 'sex', 'utm_source'], titanic],
    [['__proto__', 'constructor', 'text'], tags],
  ])('finds the model for %j', (names, model) => {
    expect(chooseModel(models, names, 'query')).toBe(model);
  });

  it.each([[['age']], [['age', 'text']], [['nope']], [[]]])('refuses %j and lists the candidates', (names) => {
    expect.assertions(3);
    try {
      chooseModel(models, names, 'body');
    } catch (error) {
      expect(error).toBeInstanceOf(ValidationError);
      const { issues: problems, extras } = error as ValidationError;
      expect(problems[0]).toMatchObject({ loc: ['body'], type: 'value_error.model' });
      expect(extras.candidates).toEqual({ tags: ['text'], titanic: ['age', 'sex', 'pclass'], houses: ['age', 'size'] });
    }
  });

  it('leaves out models for texts where names do not decide', () => {
    expect(chooseModel([tags, titanic], [], 'query')).toBe(titanic);
  });

  it('leaves out models for lists and images, too', () => {
    const list: FieldSchema = { type: 'array', items: NUMBER };
    const digits = aModel('digits', { pixels: list, image: { type: 'string', format: 'image' } }, []);

    expect(chooseModel([digits, tags, titanic], [], 'query')).toBe(titanic);
    expect(chooseModel([digits, tags, titanic], ['pixels'], 'body')).toBe(digits);
  });

  it('takes the only model there is', () => {
    expect(chooseModel([titanic], [], 'query')).toBe(titanic);
  });
});
