import type { MlflowItem } from '../../../config/mlflow-selection.js';
import { MODEL_TASKS } from '../../../domain/card.js';
import type { MetricGoal, ModelCard, ModelTask, SelectionPolicy } from '../../../domain/card.js';

/** The metric that every version of a registered model has: its number. */
export const VERSION_METRIC = 'model_version';

/** Tags by which the owner of an experiment or registered model tells how it is served. */
export const CARD_TAGS = {
  name: 'bestrun.name',
  title: 'bestrun.title',
  task: 'bestrun.task',
  metric: 'bestrun.metric',
  goal: 'bestrun.goal',
} as const;

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
}

/** The tag that a version carries for each alias that points to it. */
export function aliasTag(alias: string): string {
  return `mlflow.alias.${alias}`;
}

/** Makes a model's card: what the operator wrote wins over the tags of its owner. */
export function deriveCard(origin: CardOrigin, item: MlflowItem): MlflowCard {
  const name = item.as ?? slugOf(origin.tags[CARD_TAGS.name] ?? origin.name);
  const selection = policyOf(origin, item);
  const issues = [
    ...(name === '' ? [`The ${origin.kind} "${origin.name}" needs a name of letters: set its tag bestrun.name.`] : []),
    ...(typeof selection === 'string' ? [selection] : []),
  ];
  if (typeof selection === 'string' || issues.length > 0) return { name: name || origin.name, card: undefined, issues };
  const card: ModelCard = {
    name,
    title: origin.tags[CARD_TAGS.title] ?? origin.name,
    description: origin.description || `The MLflow ${origin.kind} "${origin.name}".`,
    task: taskOf(origin.tags[CARD_TAGS.task]),
    selection,
  };
  return { name, card, issues };
}

/** Lower-case words joined by dashes; empty when nothing of the kind is in the text. */
export function slugOf(text: string): string {
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
