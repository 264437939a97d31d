/** What tags of the run say of its columns: texts by column name. */
export interface ColumnRules {
  /** `bestrun.missing.<column>`: what reaches the model in place of a missing value. */
  readonly missing: Readonly<Record<string, string>>;
  /** `bestrun.date.<column>`: the number that the model takes of a date. */
  readonly date: Readonly<Record<string, string>>;
}

/** What the names of all tags that bestrun reads begin with. */
export const TAG_PREFIX = 'bestrun.';

/** With the name of a column: the tag that says what reaches the model in place of a missing value. */
export const MISSING_TAG = 'bestrun.missing.';

/** With the name of a column: the tag that says which number the model takes of a date. */
export const DATE_TAG = 'bestrun.date.';

/** Tags by which the owner of an experiment or registered model tells how it is served. */
export const CARD_TAGS = {
  name: 'bestrun.name',
  title: 'bestrun.title',
  task: 'bestrun.task',
  metric: 'bestrun.metric',
  goal: 'bestrun.goal',
} as const;

/** The rules among the tags of a run or version. */
export function columnRules(tags: Readonly<Record<string, string>>): ColumnRules {
  const withPrefix = (prefix: string) =>
    Object.fromEntries(
      Object.entries(tags).flatMap(([key, value]) =>
        key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [],
      ),
    );
  return { missing: withPrefix(MISSING_TAG), date: withPrefix(DATE_TAG) };
}
