import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** What is to be checked: a whole store, one model of it, or one run. */
export interface CheckTarget {
  /** Absolute folder of the store. */
  readonly store: string;
  /** Name of the model's folder; undefined for all models. */
  readonly model?: string;
  /** Place of the run in the store, `adder/runs/good`; undefined for all runs. */
  readonly run?: string;
}

const RUNS = 'runs';

/** The folder is nothing that can be checked; the message says what to do. */
export class CheckTargetError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CheckTargetError';
  }
}

/**
 * Tells from what a folder holds whether it is a run, a model, or a store.
 *
 * @param folder  relative to the working directory.
 * @throws CheckTargetError when it does not exist, is a file, or is a run outside a model.
 */
export function findCheckTarget(folder: string): CheckTarget {
  const path = resolve(folder);
  if (!existsSync(path)) throw new CheckTargetError(`${path} does not exist. Name a store, a model or a run.`);
  if (!statSync(path).isDirectory())
    throw new CheckTargetError(`${path} is a file. Name the folder of a store, a model or a run.`);
  if (existsSync(join(path, 'run.json'))) return targetOfRun(path);
  if (existsSync(join(path, 'card.json')) || existsSync(join(path, RUNS))) return targetOfModel(path);
  return { store: path };
}

function targetOfModel(path: string): CheckTarget {
  return { store: dirname(path), model: basename(path) };
}

function targetOfRun(path: string): CheckTarget {
  const runs = dirname(path);
  if (basename(runs) !== RUNS) {
    throw new CheckTargetError(
      `${path} holds a run outside a model: put it at {store}/{model}/${RUNS}/${basename(path)}.`,
    );
  }
  const { store, model } = targetOfModel(dirname(runs));
  return { store, model: model!, run: `${model}/${RUNS}/${basename(path)}` };
}
