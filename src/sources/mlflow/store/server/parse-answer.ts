import { isJsonObject } from '../../../../lib/json/json.js';
import type { JsonObject } from '../../../../lib/json/json.js';
import { parseJsonYielding } from '../../../../lib/json/parse-json-yielding.js';
import { StoreUnavailableError } from '../mlflow-store.js';

/** A longer answer is not parsed at once: requests would wait. */
const LONG_CHARACTERS = 512 * 1024;
/** Most characters of one run or model in a long answer, which are parsed at once. */
const MAX_ENTRY_CHARACTERS = 8 * 1024 * 1024;

/**
 * The text, if it may be what MLflow answers: a JSON object. A long one is looked at more closely when it is parsed.
 *
 * @throws StoreUnavailableError.
 */
export function requireJson(text: string): string {
  if (text.length > LONG_CHARACTERS ? /^\s*\{/.test(text) : parseShort(text)) return text;
  throw notJson();
}

/** MLflow's own numbers are exact as doubles, and its ids are texts, so the engine's parser does. */
export function parseShort(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The JSON object of an answer; a long one is parsed bit by bit, with requests in between.
 *
 * @throws StoreUnavailableError when it is none, or when one entry of its lists would take long by itself.
 */
export async function parseAnswer(text: string): Promise<JsonObject> {
  if (text.length <= LONG_CHARACTERS) return JSON.parse(text) as JsonObject;
  try {
    return await parseJsonYielding(text, MAX_ENTRY_CHARACTERS);
  } catch (error) {
    if (error instanceof SyntaxError) throw notJson();
    if (!(error instanceof RangeError)) throw error;
    throw new StoreUnavailableError(`it answers an entry of more than ${MAX_ENTRY_CHARACTERS} characters.`);
  }
}

function notJson(): StoreUnavailableError {
  return new StoreUnavailableError(
    'it answers something that is not JSON. Is MLFLOW_TRACKING_URI the address of MLflow?',
  );
}
