const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)?$/;
const LONGEST_DATE_TIME = 40;

/** Milliseconds since 1970 of a calendar date such as `1912-04-15`, at midnight UTC; undefined when it is none. */
export function parseDate(text: string): number | undefined {
  if (text.length > LONGEST_DATE_TIME) return undefined;
  const match = DATE.exec(text);
  return match ? startOfDay(match) : undefined;
}

/**
 * Milliseconds since 1970 of a date with a time, such as `1912-04-15T02:20:00Z`. Without a zone it is read as UTC;
 * seconds may be left out. undefined when it is none.
 */
export function parseDateTime(text: string): number | undefined {
  if (text.length > LONGEST_DATE_TIME) return undefined;
  const match = DATE_TIME.exec(text);
  if (!match) return undefined;
  const day = startOfDay(match);
  const [hour, minute, second] = [match[4], match[5], match[6] ?? '0'].map(Number) as [number, number, number];
  const [zoneHour, zoneMinute] = [match[9] ?? '0', match[10] ?? '0'].map(Number) as [number, number];
  if (day === undefined || hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59)
    return undefined;
  const zone = (zoneHour * 60 + zoneMinute) * (match[8] === '-' ? -1 : 1);
  const fraction = Math.floor(Number(`0.${match[7] ?? '0'}`) * 1000);
  return day + ((hour * 60 + minute - zone) * 60 + second) * 1000 + fraction;
}

function startOfDay([, year, month, day]: RegExpExecArray): number | undefined {
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  if (y < 1) return undefined;
  // Not Date.UTC: it reads the years 0 to 99 as 1900 to 1999.
  const date = new Date(0);
  const milliseconds = date.setUTCFullYear(y, m - 1, d);
  return date.getUTCMonth() === m - 1 && date.getUTCDate() === d ? milliseconds : undefined;
}
