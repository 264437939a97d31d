import { parseJson, stringifyJson } from '../../lib/json/json-text.js';
import { isJsonObject } from '../../lib/json/json.js';
import type { JsonValue } from '../../lib/json/json.js';
import { EMPTY_STATE, HISTORY_EVENTS, MAX_HISTORY, TRIAL_OUTCOMES, trimHistory } from '../../domain/model-state.js';
import type { HistoryEvent, ModelState } from '../../domain/model-state.js';

const VERSION = 1;

/** Writes a state as the text of its file, for people to read as well. */
export function writeState({ pin, served, failed, trials, history }: ModelState): string {
  const document = { version: VERSION, pin: pin ?? null, served: served ?? null, failed, trials, history };
  // int64 in an enum keeps its digits, which JSON.stringify cannot write.
  return `${stringifyJson(document)}\n`;
}

/** A newer version wrote the text: this one must not interpret it. */
export const FUTURE = 'future';

/**
 * Reads the text of a state file. Invalid parts are left out: a part of the state is better than none.
 *
 * @returns undefined when it is no state at all.
 */
export function readState(text: string): ModelState | typeof FUTURE | undefined {
  const document = parsed(text);
  if (!isJsonObject(document)) return undefined;
  if (typeof document.version === 'number' && document.version > VERSION) return FUTURE;
  if (document.version !== VERSION) return undefined;
  const { pin, served, failed, trials, history } = document;
  return {
    ...EMPTY_STATE,
    ...(hasTexts(pin, ['run_id', 'reason', 'by', 'at']) && { pin: pin as unknown as ModelState['pin'] }),
    ...(isServed(served) && { served: withoutInvalidNames(served) as unknown as ModelState['served'] }),
    failed: listOf(failed, ['run_id', 'digest', 'reason']) as unknown as ModelState['failed'],
    trials: trialsOf(trials),
    history: listOf(history, ['at', 'event', 'run_id', 'reason', 'by'])
      .filter(({ event }) => (HISTORY_EVENTS as readonly unknown[]).includes(event))
      .slice(0, MAX_HISTORY) as unknown as ModelState['history'],
  };
}

/** One history out of two that may share events, newest first. */
export function mergeHistories(a: readonly HistoryEvent[], b: readonly HistoryEvent[]): HistoryEvent[] {
  const keyOf = ({ at, event, run_id: runId }: HistoryEvent) => `${at} ${event} ${runId}`;
  const known = new Set(a.map(keyOf));
  const all = [...a, ...b.filter((event) => !known.has(keyOf(event)))];
  return trimHistory(all.sort((one, other) => (one.at < other.at ? 1 : Number(one.at === other.at) - 1)));
}

function parsed(text: string): JsonValue | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function isServed(value: JsonValue | undefined): value is Record<string, JsonValue> {
  if (!hasTexts(value, ['run_id', 'at', 'contract']) || !isJsonObject(value.signature)) return false;
  const { input, output } = value.signature;
  return [input, output].every((row) => isJsonObject(row) && isJsonObject(row.properties));
}

/** Output lists of a contract count as unknown when they are malformed. */
function withoutInvalidNames(served: Record<string, JsonValue>): Record<string, JsonValue> {
  const isInvalid = (value: JsonValue) => !Array.isArray(value) || value.some((name) => typeof name !== 'string');
  const entries = Object.entries(served).filter(([key, value]) => !GIVEN.includes(key) || !isInvalid(value));
  return Object.fromEntries(entries);
}

/** Those that are whole: limits and owner are only compared, and others than the present ones mean nothing. */
function trialsOf(value: JsonValue | undefined): ModelState['trials'] {
  if (!isJsonObject(value)) return {};
  const isWhole = (trial: JsonValue) =>
    hasTexts(trial, ['run_id', 'outcome', 'reason', 'at', 'engine']) &&
    (TRIAL_OUTCOMES as readonly unknown[]).includes(trial.outcome) &&
    typeof trial.times === 'number' &&
    typeof trial.final === 'boolean' &&
    isJsonObject(trial.limits) &&
    isJsonObject(trial.by);
  const whole = Object.entries(value).filter(([, trial]) => isWhole(trial));
  return Object.fromEntries(whole) as unknown as ModelState['trials'];
}

/** Lists of output fields in a contract. */
const GIVEN = ['on_request', 'primary'];

function listOf(value: JsonValue | undefined, texts: readonly string[]): Readonly<Record<string, JsonValue>>[] {
  return Array.isArray(value) ? value.filter((item) => hasTexts(item, texts)) : [];
}

function hasTexts(value: JsonValue | undefined, keys: readonly string[]): value is Record<string, JsonValue> {
  return isJsonObject(value) && keys.every((key) => typeof value[key] === 'string');
}
