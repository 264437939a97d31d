import { aFakeRegistry, aRegisteredModel } from '../../test/support/registry/fake-registry.js';
import { ModelsService } from './models.service.js';

describe('the license of a model', () => {
  it.each([
    [{ license: 'MIT' }, 'MIT'],
    [{ licence: 'MIT' }, 'MIT'],
    [{ license: 'MIT', licence: 'Apache-2.0' }, 'MIT'],
    [{}, null],
  ])('is taken from either spelling in its card: %j', (fields, expected) => {
    const model = aRegisteredModel();
    model.card = { ...model.card, ...fields };
    const service = new ModelsService(aFakeRegistry({ getModel: () => model, findDefaultModel: () => model }));

    expect(service.getModel('adder').licence).toBe(expected);
  });
});
