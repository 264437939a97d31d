import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';

/** The script of the pages, which runs in a browser. */
const script = readFileSync(join(__dirname, 'browser', 'text-only.js'), 'utf8');
const withTextOnly = (document: unknown): unknown =>
  JSON.parse(
    runInNewContext(`${script}; JSON.stringify(withTextOnly(JSON.parse(text)))`, {
      text: JSON.stringify(document),
    }) as string,
  );

const HTML = ['<meta http-equiv="refresh">', '</style>', '<!-- -->', '<?xml?>', '<IMG src=x>'];

describe('the document as the pages show it', () => {
  it.each(HTML)('has %s as text, wherever a viewer renders it', (html) => {
    const shown = withTextOnly({
      info: { title: html, description: html },
      tags: [{ name: 'a', description: html }],
      paths: { '/a': { get: { summary: html, parameters: [{ name: 'a', description: html }] } } },
      components: { schemas: { A: { properties: { example: { title: html }, description: { description: html } } } } },
      'x-own': { examples: { enum: { summary: html, description: html } } },
    });

    expect(JSON.stringify(shown)).not.toMatch(/<[a-z/!?]/i);
    expect(JSON.stringify(shown).match(/<\u2060/g)).toHaveLength(9);
  });

  it('has comparisons and the values that clients send as they are', () => {
    const document = {
      description: 'a < b, a <= b, <3, `x<`',
      example: { description: '<b>' },
      examples: ['<b>'],
      default: { title: '<b>' },
      enum: [{ summary: '<b>' }],
      content: { json: { examples: { one: { value: { description: '<b>' } } } } },
    };

    expect(withTextOnly(document)).toEqual(document);
  });
});
