import { acceptsJson, wantsProblemDetails } from './accept-header.js';

describe('Accept', () => {
  it.each([
    undefined,
    '*/*',
    'application/json',
    'application/json, text/plain, */*',
    'application/*;q=0.1',
    'text/html, */*; q=.2',
    'application/problem+json',
  ])('of %j takes JSON, however often it comes', (accept) => {
    expect([acceptsJson(accept), acceptsJson(accept)]).toEqual([true, true]);
  });

  it.each(['text/html', 'text/*', 'application/json;q=0', 'image/png, text/csv'])('of %j does not', (accept) => {
    expect(acceptsJson(accept)).toBe(false);
  });

  it('is not remembered for ever', () => {
    for (let i = 0; i < 1_000; i++) expect(acceptsJson(`text/x${i}, application/json`)).toBe(true);
    expect(acceptsJson('text/new')).toBe(false);
  });

  it('asks for problem details by their type', () => {
    expect(['application/problem+json', 'application/json', undefined].map(wantsProblemDetails)).toEqual([
      true,
      false,
      false,
    ]);
  });
});
