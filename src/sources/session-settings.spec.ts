import { loadSchemaCheck } from './schema-check.js';

const CARD = {
  name: 'adder',
  title: 'Adder',
  description: 'Adds.',
  task: 'other',
  selection: { metric: 'f1', goal: 'maximize' },
};

describe('the session of a card', () => {
  const issuesOf = (session: unknown) => loadSchemaCheck('card')({ ...CARD, session }).map(({ pointer }) => pointer);

  it.each([{}, { threads: 4 }, { copies: 1, weights: 'shared' }, { threads: 1, copies: 256, weights: 'private' }])(
    'may be %j',
    (session) => expect(issuesOf(session)).toEqual([]),
  );

  it.each([
    [{ threads: 0 }, '/session/threads'],
    [{ copies: 1.5 }, '/session/copies'],
    [{ weights: 'mapped' }, '/session/weights'],
    [{ replicas: 2 }, '/session'],
    [[], '/session'],
  ])('may not be %j', (session, pointer) => expect(issuesOf(session)).toEqual([pointer]));
});
