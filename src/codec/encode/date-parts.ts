import type { DatePart } from '../../domain/encode-spec.js';
import { parseDate, parseDateTime } from '../validate/iso-dates.js';

const MS_PER_SECOND = 1000;
const MS_PER_DAY = 86_400_000;
const DAYS_PER_WEEK = 7;

/** 1970-01-01 was a Thursday, which is day 3 of a week that begins on Monday. */
const EPOCH_DAY = 3;

/** A whole number taken from an ISO 8601 date or date-time in UTC, rounded down; undefined when the text is neither. */
export function datePart(text: string, part: DatePart): number | undefined {
  const milliseconds = parseDate(text) ?? parseDateTime(text);
  return milliseconds === undefined ? undefined : partOf(milliseconds, part);
}

function partOf(milliseconds: number, part: DatePart): number {
  const date = new Date(milliseconds);
  const days = Math.floor(milliseconds / MS_PER_DAY);
  switch (part) {
    case 'epoch-days':
      return days;
    case 'epoch-seconds':
      return Math.floor(milliseconds / MS_PER_SECOND);
    case 'year':
      return date.getUTCFullYear();
    case 'month':
      return date.getUTCMonth() + 1;
    case 'day':
      return date.getUTCDate();
    case 'weekday':
      return (((days + EPOCH_DAY) % DAYS_PER_WEEK) + DAYS_PER_WEEK) % DAYS_PER_WEEK;
    case 'hour':
      return date.getUTCHours();
  }
}
