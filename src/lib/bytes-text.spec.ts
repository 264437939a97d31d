import { bytesText } from './bytes-text.js';

describe(bytesText.name, () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1024, '1 KiB'],
    [1.5 * 1024 ** 2, '1.5 MiB'],
    [760 * 1024 ** 2, '760 MiB'],
    [1000 * 1024 ** 2, '0.977 GiB'],
    [20.25 * 1024 ** 3, '20.3 GiB'],
    [3000 * 1024 ** 4, '3000 TiB'],
  ])('writes %d as %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });
});
