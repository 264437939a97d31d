import { parse } from 'yaml';

import { YAML_OPTIONS, isPlainYaml } from './plain-yaml.js';

/** A YAML value read with the failsafe schema: every scalar is a text. */
export type YamlValue = string | YamlValue[] | { [key: string]: YamlValue };

/** MLflow's YAML files are small; anything larger is not one. */
const MAX_YAML_CHARS = 64 * 1024;

/**
 * Reads a YAML mapping of MLflow. All scalars stay texts, because Python leaves ids such as `81234567e90` unquoted,
 * which any other schema would turn into numbers.
 *
 * @param maxChars  of a file that may be larger, such as an `MLmodel`, whose signature has a line for each column.
 * @returns undefined when the text is no mapping: half-written, another file, or too large.
 */
export function parseYamlMapping(text: string, maxChars = MAX_YAML_CHARS): Record<string, YamlValue> | undefined {
  if (text.length > maxChars || !isPlainYaml(text)) return undefined;
  try {
    const value: unknown = parse(text, YAML_OPTIONS);
    return isMapping(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a value is a mapping: neither text nor list. */
export function isMapping(value: unknown): value is Record<string, YamlValue> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text of a mapping; undefined when absent, empty, `null` or `~`. */
export function textOf(mapping: Readonly<Record<string, YamlValue>>, key: string): string | undefined {
  const value = Object.hasOwn(mapping, key) ? mapping[key] : undefined;
  return typeof value === 'string' && value !== '' && value !== 'null' && value !== '~' ? value : undefined;
}
