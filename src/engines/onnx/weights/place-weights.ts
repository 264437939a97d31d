import { RunError } from '../../../domain/verdict.js';
import type { EngineModel, LoadRequest, ModelMemory, WeightPlacement } from '../../inference-engine.js';
import type { OnnxGraph } from '../graph/onnx-graph.js';
import { measureCallTimes } from './time-calls.js';
import type { CallMsByRows } from './time-calls.js';
import { mappedBytes } from './mapped-bytes.js';
import { shareableWeights } from './shareable-weights.js';
import type { ShareableWeights } from './shareable-weights.js';
import { WeightCacheError } from './weight-cache.js';

/** Shared weights may make calls take at most this many times as long as private ones, as a geometric mean. */
const MAX_RATIO = 2;
/** Part of the weights that has to be mapped, or sharing them is not worth its price. */
const MIN_MAPPED_PART = 0.5;
/** What was decided counts for this version of the decision and of ONNX Runtime. */
const VERSION = 1;

/** Loads the model from a file. */
export type OpenModel<T extends EngineModel> = (file: string, weights: WeightPlacement) => Promise<T>;

/** A model in memory, and how its weights lie there. */
export interface PlacedModel<T extends EngineModel> {
  readonly model: T;
  readonly memory: ModelMemory;
  /** Notes that the shared file is in use. */
  readonly touch?: () => void;
}

/** What was found out when a model was first loaded, kept beside the shared file. */
interface Decision {
  readonly version: string;
  readonly weights: WeightPlacement;
  readonly note: string;
}

/**
 * Loads a model with shared or private weights. Without prepacking (ONNX Runtime's own layout of weights, which every
 * session computes for itself) a mapped file is used as it is, by all threads and processes, and a call takes longer.
 * So the first load of a large model tries both and keeps the better one; its decision is kept beside the shared file.
 *
 * @param open  loads it either way.
 * @throws what `open` throws for private weights.
 */
export async function placeWeights<T extends EngineModel>(
  file: string,
  graph: OnnxGraph,
  request: LoadRequest,
  { open, engineVersion }: { readonly open: OpenModel<T>; readonly engineVersion: string },
): Promise<PlacedModel<T>> {
  const shareable = findShareable(file, graph, request);
  if (!shareable || 'problem' in shareable) return openPrivate(file, open, request, shareable?.problem);
  const version = `${VERSION} ${engineVersion}`;
  const known = readDecision(shareable, version);
  const wanted = request.weights ?? known?.weights;
  if (wanted === 'private') return { model: await open(file, 'private'), memory: privateMemory(known?.note) };
  const shared = await tryShared(shareable, open);
  if (!shared) return openPrivate(file, open, request, NOT_MAPPED);
  if (wanted === 'shared') return placedShared(shared, shareable, known?.note);
  const { model, weights, note } = await betterOf(shared, await open(file, 'private'));
  shareable.entry?.writeNote({ version, weights, note } satisfies Decision);
  return weights === 'shared' ? placedShared(model, shareable, note) : { model, memory: privateMemory(note) };
}

const NOT_MAPPED = 'ONNX Runtime changes them when it loads the model';
const NOT_COMPARED = 'All copies share its weights.';

function findShareable(
  file: string,
  graph: OnnxGraph,
  request: LoadRequest,
): ShareableWeights | { readonly problem: string } | undefined {
  try {
    return shareableWeights(file, graph, request);
  } catch (error) {
    if (error instanceof WeightCacheError) return { problem: error.message };
    throw error;
  }
}

function readDecision({ entry }: ShareableWeights, version: string): Decision | undefined {
  const note = entry?.readNote() as Partial<Decision> | undefined;
  const isOwn = note?.version === version && typeof note.note === 'string';
  return isOwn && (note.weights === 'shared' || note.weights === 'private') ? (note as Decision) : undefined;
}

/** @throws RunError MEMORY_EXCEEDED when there is no room for weights that are not shared. */
async function openPrivate<T extends EngineModel>(
  file: string,
  open: OpenModel<T>,
  { weights }: LoadRequest,
  problem: string | undefined,
): Promise<PlacedModel<T>> {
  if (weights === 'shared') {
    const why = problem ?? 'it has none that ONNX Runtime could map';
    throw new RunError(
      'MEMORY_EXCEEDED',
      `The run fits into memory with shared weights only, and cannot have them: ${why}.`,
    );
  }
  const note = problem && `Each copy has weights of its own: ${problem}.`;
  return { model: await open(file, 'private'), memory: privateMemory(note) };
}

function privateMemory(note: string | undefined): ModelMemory {
  return { weights: 'private', sharedBytes: 0, note };
}

/** @returns undefined when that fails, or the weights do not stay mapped. */
async function tryShared<T extends EngineModel>(
  { file, weightFiles, bytes }: ShareableWeights,
  open: OpenModel<T>,
): Promise<T | undefined> {
  const before = mappedBytes(weightFiles);
  // What is wrong with the model is told by the load of its own file.
  const model = await open(file, 'shared').catch(() => undefined);
  const after = mappedBytes(weightFiles);
  const isMapped = before === undefined || after === undefined || after - before >= MIN_MAPPED_PART * bytes;
  if (isMapped) return model;
  await model?.dispose();
  return undefined;
}

function placedShared<T extends EngineModel>(
  model: T,
  { bytes, entry }: ShareableWeights,
  note = NOT_COMPARED,
): PlacedModel<T> {
  return { model, memory: { weights: 'shared', sharedBytes: bytes, note }, touch: entry && (() => entry.touch()) };
}

/** Times both, and gives back the other one. */
async function betterOf<T extends EngineModel>(
  shared: T,
  own: T,
): Promise<{ readonly model: T; readonly weights: WeightPlacement; readonly note: string }> {
  const [sharedTimes, ownTimes] = [await measureCallTimes(shared), await measureCallTimes(own)];
  const isShared = !sharedTimes || !ownTimes || timeRatio(sharedTimes, ownTimes) <= MAX_RATIO;
  await (isShared ? own : shared).dispose();
  const results = sharedTimes && ownTimes ? `: ${inWords(sharedTimes, ownTimes)}` : '';
  return isShared
    ? { model: shared, weights: 'shared', note: `All copies share its weights${results}.` }
    : {
        model: own,
        weights: 'private',
        note: `Each copy has weights of its own, because shared ones are slow${results}.`,
      };
}

function timeRatio(shared: CallMsByRows, own: CallMsByRows): number {
  const relativeTimes = [...own].map(([rows, ms]) => Math.log((shared.get(rows) ?? ms) / ms));
  return Math.exp(relativeTimes.reduce((sum, ratio) => sum + ratio, 0) / relativeTimes.length);
}

/** `1 row takes 47.1 ms with shared weights and 42 ms with private ones, 8 rows 31.5 and 17.3 ms` */
function inWords(shared: CallMsByRows, own: CallMsByRows): string {
  const parts = [...own].map(([rows, ownMs], i) => {
    const [a, b] = [shared.get(rows) ?? ownMs, ownMs].map((ms) => String(Number(ms.toPrecision(3))));
    return i === 0
      ? `${rows} row takes ${a} ms with shared weights and ${b} ms with private ones`
      : `${rows} rows ${a} and ${b} ms`;
  });
  return parts.join(', ');
}
