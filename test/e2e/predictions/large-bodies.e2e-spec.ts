import { gzipSync } from 'node:zlib';

import { ask } from '../../support/http/ask.js';
import { createTestApp } from '../../support/http/create-test-app.js';
import type { TestApp } from '../../support/http/create-test-app.js';
import { RowReader } from '../../../src/row-reading/row-reader.js';

const TITANIC = '/models/titanic-survival/predictions';
const TAGS = '/models/project-tags/predictions';
/** More than is read on the main thread. */
const PADDING = ' '.repeat(300_000);

describe('a large body', () => {
  let app: TestApp;
  const parsed: number[] = [];

  beforeAll(async () => {
    app = await createTestApp({ MAX_ROWS_PER_REQUEST: '5000' });
    const { parse } = JSON;
    jest.spyOn(JSON, 'parse').mockImplementation((text: string) => {
      parsed.push(text.length);
      return parse(text) as unknown;
    });
  });

  beforeEach(() => {
    parsed.length = 0;
  });

  afterAll(async () => {
    jest.restoreAllMocks();
    await app.close();
  });

  const post = (path: string, body: string | Buffer, headers: Record<string, string> = {}, method = 'POST') =>
    ask(app.baseUrl, path, { method, body, headers: { 'Content-Type': 'application/json', ...headers } });

  const row = '{"age":10,"sex":"M"}';
  it.each([
    ['rows', TITANIC, `{"inputs":[${row},{"age":30.5,"sex":"F"}]}`],
    ['a row with a broken field', TITANIC, `{"inputs":[${row},{"age":"ten","sex":"X"},{"age":-1}]}`],
    ['a row that is none', TITANIC, '{"inputs":[1,null,[],"x"]}'],
    ['no rows', TITANIC, '{"inputs":[]}'],
    ['rows that are no list', TITANIC, '{"inputs":{"age":10}}'],
    ['rows that are missing', TITANIC, '{"input":[]}'],
    ['a list', TITANIC, '[]'],
    ['null', TITANIC, 'null'],
    ['a text', TITANIC, '"inputs"'],
    ['members that nobody reads', TITANIC, `{"inputs":[${row}],"params":{"a":[1]},"__proto__":1}`],
    ['what is to be added', TITANIC, `{"inputs":[${row}],"include":["notes"]}`],
    ['what cannot be added', TITANIC, `{"inputs":[${row}],"include":["nothing",7]}`],
    ['rows as columns', TITANIC, '{"columns":["sex","age"],"data":[["M",10],["F",30.5]]}'],
    ['rows as columns, answered so', TITANIC, '{"columns":["sex","age"],"data":[["M",10]],"shape":"columns"}'],
    ['broken rows as columns', TITANIC, '{"columns":["sex","age"],"data":[["M",10],["X","ten"],["M"],3]}'],
    ['columns that are missing', TITANIC, '{"columns":["Sex"],"data":[["M"]]}'],
    ['columns that are there twice', TITANIC, '{"columns":["sex","sex"],"data":[["M","M"]]}'],
    ['columns with notes', TITANIC, '{"columns":["sex","age"],"data":[["M",10]],"include":["notes"]}'],
    ['texts as columns', TAGS, '{"columns":["text"],"data":[["learning vision"],["graphs"],[1]]}'],
    ['columns without data', TITANIC, '{"columns":["sex"]}'],
    ['columns and objects', TITANIC, `{"columns":["sex"],"data":[["M"]],"inputs":[${row}]}`],
    ['no JSON', TITANIC, `{"inputs":[${row}`],
    ['no JSON at a place', TITANIC, `{"inputs":[{"age":10,}]}`],
    ['a large integer', TITANIC, '{"inputs":[{"age":12345678901234567890,"sex":"M"}]}'],
    ['a model in the body', '/predictions', `{"model":"titanic-survival","inputs":[${row}]}`],
    ['a model that is not there', '/predictions', `{"model":"nope","inputs":[${row}]}`],
    ['texts', TAGS, '{"inputs":[{"text":"learning vision"},{"text":"graphs"}],"include":["probabilities"]}'],
    ['texts of the short route', '/predict', '{"texts":[{"text":"learning vision","id":1}]}'],
    ['broken texts of the short route', '/predict', '{"texts":[{"text":"a"},{"text":""},{"txt":"b"},3,null]}'],
    ['no texts of the short route', '/predict', '{"texts":[]}'],
  ])('is answered as a small one: %s', async (_what, path, body) => {
    const small = await post(path, body);
    const smallParsed = [...parsed];
    const large = await post(path, `${PADDING}${body}`);

    const place = (text: string) =>
      text
        .replace(/"timestamp":"[^"]*"/, '')
        .replace(/\(char \d+\)|"pos":\d+|"colno":\d+|column \d+|"body",\d+/g, 'place');
    expect(large.status).toBe(small.status);
    expect(place(JSON.stringify(large.json))).toBe(place(JSON.stringify(small.json)));
    expect(smallParsed.length).toBeGreaterThan(0);
  });

  it('is never parsed where requests are answered, whether it is right or not, plain or packed', async () => {
    const rows = Array.from({ length: 4_000 }, (_, i) => `{"age":${i % 90},"sex":"F","more":"${'x'.repeat(60)}"}`);
    const good = `{"inputs":[${rows.join()}]}`;
    const deep = `{"inputs":[${row}],"x":[12345678901234567890,${Array.from({ length: 5_000 }, () => `${'['.repeat(60)}${']'.repeat(60)}`).join()}]}`;

    const answers = [
      await post(TITANIC, good),
      await post(TITANIC, gzipSync(good), { 'Content-Encoding': 'gzip' }),
      await post(TITANIC, good.slice(0, -1)),
      await post(TITANIC, deep),
      await post(TITANIC, `{"inputs":[${'{},'.repeat(200_000)}{}]}`),
      await post('/models/refresh', `{"a":"${PADDING}"}`),
    ];

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 422, 422, 422, 413]);
    expect(answers[0]!.json.data.predictions).toHaveLength(4_000);
    expect(answers[4]!.json.detail).toMatchObject([{ loc: ['body', 'inputs'], type: 'value_error.list.max_items' }]);
    expect(Math.max(0, ...parsed.filter((length) => length > 256 * 1024 && length < 5_000_000))).toBe(0);
  });

  it('that comes to more objects and lists than rows may is refused before anything is made of it', async () => {
    const { json, status } = await post(TITANIC, `{"inputs":[${row}],"x":[${'{},'.repeat(2_200_000)}1]}`);

    expect(status).toBe(422);
    expect(json.detail).toMatchObject([{ loc: ['body'], type: 'value_error.too_many_values' }]);
  });

  it('that comes to more values than rows of its model can is refused before anything is made of it', async () => {
    const padded = { inputs: [{ age: 10, sex: 'M' }], x: new Array<unknown>(200_000).fill({}) };
    const { json, status } = await post(TITANIC, JSON.stringify(padded));

    expect(status).toBe(422);
    expect(json.detail).toMatchObject([
      {
        loc: ['body'],
        type: 'value_error.too_many_values',
        msg: expect.stringMatching(/more values than its rows can: 400\d+, and 10\d+ at most/) as string,
      },
    ]);
  });

  const members = JSON.stringify(Object.fromEntries(Array.from({ length: 90_000 }, (_, i) => [`x${i}`, 0])));
  it.each([
    ['PUT', '/predict', `{"age":10,"sex":"M",${members.slice(1)}`],
    ['POST', '/predict', `{"texts":[{"text":"a"}],${members.slice(1)}`],
    ['POST', '/predictions', `{"model":"titanic-survival","inputs":[{"age":10,"sex":"M",${members.slice(1)}]}`],
    ['POST', TITANIC, `{"inputs":[${'{},'.repeat(1_000)}{"age":10,"sex":"M",${members.slice(1)}]}`],
    ['POST', '/models/nope/predictions', `{"inputs":[${members}]}`],
  ])('of more members than rows of any model can have is refused, too: %s %s', async (method, path, body) => {
    const { json, status } = await post(path, body, {}, method);

    expect(status).toBe(422);
    expect(json.detail).toMatchObject([
      {
        loc: ['body'],
        msg: expect.stringContaining('more members than') as string,
        type: 'value_error.too_many_values',
      },
    ]);
  });

  it('that is one bare row may have a list of more items than a request may have rows', async () => {
    const { json, status } = await post(
      '/predict',
      `{"age":10,"sex":"M","inputs":[${'0,'.repeat(6_000)}0]}${PADDING}`,
      {},
      'PUT',
    );

    expect([status, json]).toEqual([200, { survived: 0 }]);
  });

  it('whose rows have fields that nobody reads is answered, as long as it stays within reason', async () => {
    const others = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`other ${i}`, i]));
    const body = { inputs: new Array<unknown>(200).fill({ ...others, age: 10, sex: 'M' }) };

    expect((await post(TITANIC, JSON.stringify(body))).status).toBe(200);
  });

  it('keeps its deadline while it waits for a thread', async () => {
    const { status, headers } = await post(TITANIC, `{"inputs":[${row}]}${PADDING}`, { 'X-Timeout-Ms': '1' });

    expect([status, headers['x-error-code']]).toEqual([504, 'PREDICTION_TIMEOUT']);
  });

  it('is read by another thread when one is lost', async () => {
    interface Inside {
      readonly threads: ReadonlyMap<{ end(cause: string): Promise<void> }, unknown>;
    }
    const { threads } = app.app.get<unknown, Inside>(RowReader, { strict: false });
    for (const thread of [...threads.keys()]) await thread.end('the test ends it');

    expect((await post(TITANIC, `{"inputs":[${row}]}${PADDING}`)).status).toBe(200);
  });
});
