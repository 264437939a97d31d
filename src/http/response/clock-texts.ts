let currentMs = 0;
let iso = '';

/** The time as envelopes write it: UTC, ISO 8601. Written anew once a millisecond, in which many answers may go out. */
export function isoTimestamp(): string {
  const now = Date.now();
  if (now !== currentMs) {
    currentMs = now;
    iso = new Date(now).toISOString();
  }
  return iso;
}

let second = 0;
let date = '';

/** The time as the Date header writes it (RFC 9110, 5.6.7); it changes once a second. */
export function httpDate(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    date = new Date(now * 1000).toUTCString();
  }
  return date;
}
