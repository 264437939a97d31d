import type { MlflowItem } from '../../../config/mlflow-selection.js';
import { MODEL_TASKS } from '../../../domain/card.js';
import type { MetricGoal, ModelCard, ModelTask, SelectionPolicy } from '../../../domain/card.js';
import { unknownCardTags } from './ignored-tags.js';
import { CARD_TAGS } from './tags.js';

/** The metric that every version of a registered model has: its number. */
export const VERSION_METRIC = 'model_version';

/** What MLflow knows of the thing that becomes a model. */
export interface CardOrigin {
  readonly kind: 'experiment' | 'registered model';
  readonly name: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** A card, or what is missing to make one. */
export interface MlflowCard {
  /** The model's name here, with or without a card. */
  readonly name: string;
  readonly card: ModelCard | undefined;
  readonly issues: readonly string[];
  /** What is worth knowing of a usable card, one sentence each. */
  readonly warnings: readonly string[];
}

/** The tag that a version carries for each alias that points to it. */
export function aliasTag(alias: string): string {
  return `mlflow.alias.${alias}`;
}

/** Makes a model's card: what the operator wrote wins over the tags of its owner. */
export function deriveCard(origin: CardOrigin, item: MlflowItem): MlflowCard {
  const name = item.as ?? modelNameOf(origin.tags[CARD_TAGS.name] ?? origin.name);
  const selection = policyOf(origin, item);
  const unknown = unknownCardTags(origin.tags);
  if (typeof selection === 'string') return { name, card: undefined, issues: [selection, ...unknown], warnings: [] };
  const card: ModelCard = {
    name,
    title: origin.tags[CARD_TAGS.title] ?? origin.name,
    description: origin.description || `The MLflow ${origin.kind} "${origin.name}".`,
    task: taskOf(origin.tags[CARD_TAGS.task]),
    selection,
  };
  return { name, card, issues: [], warnings: unknown };
}

/** Longest name that is made of a text's code points, characters of the text. */
const MAX_CODE_POINTS = 12;

/**
 * A name for the paths of the API: lower-case words joined by dashes. A text in which no Latin letter nor digit occurs
 * gives the code points of its characters, so that it stays the same: `模型` is `u6a21-u578b`.
 */
export function modelNameOf(text: string): string {
  const slug = slugOf(text);
  if (slug !== '') return slug;
  const points = [...text.normalize('NFKC')].filter((character) => /[\p{L}\p{N}]/u.test(character));
  const shown = (points.length > 0 ? points : [...text]).slice(0, MAX_CODE_POINTS);
  return shown.map((character) => `u${character.codePointAt(0)!.toString(16)}`).join('-');
}

/** Empty when no Latin letter nor digit is in the text. */
function slugOf(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

function policyOf({ kind, name, tags }: CardOrigin, item: MlflowItem): SelectionPolicy | string {
  if (item.alias === 'latest') return { metric: VERSION_METRIC, goal: 'maximize' };
  if (item.alias !== undefined) {
    return { metric: VERSION_METRIC, goal: 'maximize', where: { [`tags.${aliasTag(item.alias)}`]: 'true' } };
  }
  const metric = item.metric ?? tags[CARD_TAGS.metric];
  const goal = item.goal ?? tags[CARD_TAGS.goal];
  if (metric !== undefined && isGoal(goal)) return { metric, goal };
  const orAlias = kind === 'experiment' ? '' : `, or choose a version by alias: ${name}@champion`;
  return (
    `The ${kind} "${name}" does not say which run is best: set its tags bestrun.metric and bestrun.goal ` +
    `(maximize or minimize), or write ${encodeURIComponent(name)}?metric=…&goal=…${orAlias}.`
  );
}

function isGoal(goal: string | undefined): goal is MetricGoal {
  return goal === 'maximize' || goal === 'minimize';
}

function taskOf(tag: string | undefined): ModelTask {
  return MODEL_TASKS.find((task) => task === tag) ?? 'other';
}
