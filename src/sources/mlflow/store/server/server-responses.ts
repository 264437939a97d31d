import type { MetricPoint } from '../../../../domain/metric-point.js';
import { isJsonObject } from '../../../../lib/json/json.js';
import type { JsonObject, JsonValue } from '../../../../lib/json/json.js';
import { isoTime } from '../../mapping/to-run.js';
import { inStepOrder, runStatusNamed } from '../mlflow-store.js';
import type { Checkpoint, MlflowExperiment, MlflowRegisteredModel, MlflowRun, MlflowVersion } from '../mlflow-store.js';

/** A list of objects; MLflow leaves empty ones out. */
export function objectsIn(body: JsonValue | undefined, key: string): JsonObject[] {
  const list = isJsonObject(body) ? body[key] : undefined;
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

/** An object; empty when absent. */
export function objectIn(body: JsonValue | undefined, key: string): JsonObject {
  const value = isJsonObject(body) ? body[key] : undefined;
  return isJsonObject(value) ? value : {};
}

/** A text; empty when absent. Numbers are written out: versions come as both. */
export function textIn(body: JsonObject, key: string): string {
  const value = body[key];
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

export function toExperiment(body: JsonObject): MlflowExperiment {
  return { id: textIn(body, 'experiment_id'), name: textIn(body, 'name'), tags: pairsOf(objectsIn(body, 'tags')) };
}

/** Whether the entity has not been deleted; old servers leave the field out. */
export function isActive(body: JsonObject): boolean {
  return body.lifecycle_stage === undefined || body.lifecycle_stage === 'active';
}

export function toMlflowRun(body: JsonObject): MlflowRun {
  const info = objectIn(body, 'info');
  const data = objectIn(body, 'data');
  const tags = pairsOf(objectsIn(data, 'tags'));
  const outputs = objectsIn(objectIn(body, 'outputs'), 'model_outputs');
  return {
    id: textIn(info, 'run_id') || textIn(info, 'run_uuid'),
    name: textIn(info, 'run_name') || (tags['mlflow.runName'] ?? ''),
    experimentId: textIn(info, 'experiment_id'),
    status: runStatusNamed(info.status),
    startedAtMs: Number(info.start_time ?? 0),
    endedAtMs: info.end_time === undefined ? undefined : Number(info.end_time),
    artifactUri: textIn(info, 'artifact_uri'),
    metrics: metricsOf(objectsIn(data, 'metrics')),
    params: pairsOf(objectsIn(data, 'params')),
    tags,
    modelIds: inStepOrder(
      outputs.map((output) => ({ id: textIn(output, 'model_id'), step: Number(output.step ?? 0) })),
    ).filter(Boolean),
  };
}

/** A logged model without its files. */
export function toCheckpointDetails(body: JsonObject): Pick<Checkpoint, 'isReady' | 'metrics'> {
  const byTime = (a: JsonObject, b: JsonObject) =>
    Number(a.step ?? 0) - Number(b.step ?? 0) || Number(a.timestamp ?? 0) - Number(b.timestamp ?? 0);
  return {
    isReady: objectIn(body, 'info').status === 'LOGGED_MODEL_READY',
    metrics: metricsOf(objectsIn(objectIn(body, 'data'), 'metrics').sort(byTime)),
  };
}

function toVersion(body: JsonObject, aliases: readonly string[]): MlflowVersion {
  const modelId = textIn(body, 'model_id');
  return {
    version: Number(body.version),
    isReady: body.status === undefined || body.status === 'READY',
    createdAtMs: Number(body.creation_timestamp ?? 0),
    runId: textIn(body, 'run_id'),
    source: modelId ? `models:/${modelId}` : textIn(body, 'source'),
    description: textIn(body, 'description'),
    tags: pairsOf(objectsIn(body, 'tags')),
    aliases,
  };
}

export function toRegisteredModel(model: JsonObject, versions: readonly JsonObject[]): MlflowRegisteredModel {
  const aliases = objectsIn(model, 'aliases');
  const aliasesOf = (version: JsonObject) =>
    aliases.filter((alias) => Number(alias.version) === Number(version.version)).map((alias) => textIn(alias, 'alias'));
  return {
    name: textIn(model, 'name'),
    description: textIn(model, 'description'),
    tags: pairsOf(objectsIn(model, 'tags')),
    versions: versions.map((version) => toVersion(version, aliasesOf(version))),
  };
}

export function toMetricPoint({ step, timestamp, value }: JsonObject): MetricPoint {
  return { step: Number(step ?? 0), timestamp: isoTime(Number(timestamp ?? 0)), value: Number(value) };
}

/** Of equal keys the last. Python's words for what JSON has no numbers for, "NaN" and "Infinity", are numbers here. */
function metricsOf(list: readonly JsonObject[]): Record<string, number> {
  return Object.fromEntries(list.map((metric) => [textIn(metric, 'key'), Number(metric.value)]));
}

function pairsOf(list: readonly JsonObject[]): Record<string, string> {
  return Object.fromEntries(list.map((pair) => [textIn(pair, 'key'), textIn(pair, 'value')]));
}
