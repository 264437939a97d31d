const SIZES = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A number of bytes for people, with three digits at most: `1.25 GiB`, `760 MiB`. */
export function bytesText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  for (; value >= 1000 && unit < SIZES.length - 1; unit += 1) value /= 1024;
  return `${value < 100 ? Number(value.toPrecision(3)) : Math.round(value)} ${SIZES[unit]}`;
}
