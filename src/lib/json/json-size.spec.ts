import { measureJson } from './json-size.js';

describe(measureJson.name, () => {
  const measure = (text: string) => measureJson(text, ['inputs', 'data']);

  it('counts what there is to be made of a text, whatever its strings hold', () => {
    expect(measure('{"a":1,"b":[1,[],{}]}')).toMatchObject({
      structures: 6,
      members: 2,
      maxSize: 2,
      depth: 3,
      marks: 9,
    });
    expect(measure('{"a":{"b":{"c":1},"d":2,"e":3},"f":{}}').maxSize).toBe(3);
    expect(measure('{"a\\"[,:":"\\\\"}')).toMatchObject({ structures: 2, marks: 2 });
  });

  it('knows the longest wanted list among the members of the body, and no other', () => {
    const text = '{"x":[1,2,3,4],"inputs":[{"inputs":[1,2,3]},2],"data":[1],"model":"inputs","y":{"a":1,"b":2,"c":3}}';

    expect(measure(text).longest).toEqual({ key: 'inputs', length: 2 });
    expect(measure('{"\\u0069nputs":[1,2,3],"data":[1]}')).toMatchObject({
      longest: { key: 'data', length: 1 },
      longestEscaped: 3,
    });
  });
});
