import { Transform } from 'class-transformer';

/** Whole numbers as the dialect takes them: digits, a sign, spaces around; not "", "1.5", "1e1" or "0x10". */
const INTEGER = /^\s*[+-]?\d{1,15}\s*$/;

/** A query parameter that is a whole number; other text stays text, for the rule to refuse. */
export const IntegerParameter = () =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && INTEGER.test(value) ? Number(value) : value,
  );
