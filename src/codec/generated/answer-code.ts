import type { Activation, HeadDecode, HeadOf } from '../../domain/decode-spec.js';
import { sigmoid, softmax } from '../../domain/numeric.js';
import { outputTypesOf } from '../../domain/signature.js';
import type { OutputFieldSchema, OutputRowSchema, OutputType } from '../../domain/signature.js';
import type { DType, Tensor } from '../../domain/tensor.js';
import { stringifyJson } from '../../lib/json/json-text.js';
import { activationRounding, labelKey, thresholdFor } from '../decode/output-table.js';
import { literal } from './function-text.js';
import type { FunctionText } from './function-text.js';

const GIVE_UP = 'return undefined;';

/**
 * The code that turns output tensors into the texts of output fields. It reads tensors of the shape that `decode` asks for
 * and gives up at any other, before the first row: the general decoder knows what else may be right, and what is not.
 */
export class AnswerCode {
  /** What is done once, and what is done for row `i`. */
  readonly perCall: string[] = [];
  readonly perRow: string[] = [];
  /** Code of the text of each field. */
  readonly fields = new Map<string, string>();
  private names = 0;

  /** @param wanted  output fields of the answer; others are not written. */
  constructor(
    private readonly code: FunctionText,
    private readonly output: OutputRowSchema,
    private readonly wanted: ReadonlySet<string>,
  ) {}

  /** Adds a head. @returns false for one that is not generated. */
  addHead(head: HeadDecode): boolean {
    switch (head.kind) {
      case 'binary':
        return this.addBinary(head);
      case 'multi-class':
        return this.addMultiClass(head);
      case 'multi-label':
        return this.addMultiLabel(head);
      case 'regression':
        return this.addRegression(head);
      case 'interval':
        return this.addInterval(head);
      case 'tensors':
        return this.addTensors(head);
      case 'top-k':
      case 'embedding':
        return false;
    }
  }

  private addBinary(head: HeadOf<'binary'>): boolean {
    const { activation, labels, positive, threshold = 0.5 } = head;
    const table = this.table(head.tensor, { isNumber: true });
    const least = Math.max((positive ?? 0) + 1, activation === 'softmax' ? 2 : 1);
    this.perCall.push(`if (${table.width} < ${least}) ${GIVE_UP}`);
    const column = positive === undefined ? `${table.width} - 1` : String(positive);
    const [p, limit] = [this.name('p'), this.threshold(table, literal(threshold))];
    const activate = this.applyActivation(table, activation);
    this.roundActivation(table, activation);
    this.perRow.push(...activate, `const ${p} = ${table.at(column)};`);
    const [low, high] = labels.map((label) => literal(stringifyJson(label)));
    this.fields.set(head.field, `(${p} !== ${p} ? 'null' : ${p} >= ${limit} ? ${high} : ${low})`);
    if (head.probability_field !== undefined) this.fields.set(head.probability_field, numberText(p));
    return true;
  }

  /** The place of the highest value, the first of equals; none when one of them is NaN. */
  private addMultiClass(head: HeadOf<'multi-class'>): boolean {
    const { labels, activation } = head;
    const table = this.table(head.tensor, { isNumber: true, width: labels.length });
    const [best, max] = [this.name('b'), this.name('m')];
    this.perRow.push(
      ...this.applyActivation(table, activation),
      `let ${best} = -1, ${max} = -Infinity;`,
      `for (let j = 0; j < ${labels.length}; j++) {`,
      `const v = ${table.at('j')};`,
      `if (v !== v) { ${best} = -1; break; }`,
      `if (${best} < 0 || v > ${max}) { ${best} = j; ${max} = v; }`,
      '}',
    );
    const texts = this.constant(labels.map((label) => stringifyJson(label)));
    this.fields.set(head.field, `(${best} < 0 ? 'null' : ${texts}[${best}])`);
    if (head.probability_field !== undefined)
      this.fields.set(head.probability_field, `(${best} < 0 || ${max} - ${max} !== 0 ? 'null' : ${max})`);
    this.addProbabilities(head, table);
    return true;
  }

  private addMultiLabel(head: HeadOf<'multi-label'>): boolean {
    const { labels, activation, threshold } = head;
    const table = this.table(head.tensor, { isNumber: true, width: labels.length });
    const list = this.name('l');
    const texts = this.constant(labels.map((label) => stringifyJson(label)));
    const thresholds = typeof threshold === 'number' ? labels.map(() => threshold) : threshold;
    const limits = this.threshold(table, this.constant(thresholds));
    const activate = this.applyActivation(table, activation);
    this.roundActivation(table, activation);
    this.perRow.push(
      ...activate,
      `let ${list} = '';`,
      `for (let j = 0; j < ${labels.length}; j++)`,
      `if (${table.at('j')} >= ${limits}[j]) ${list} += (${list} === '' ? '' : ',') + ${texts}[j];`,
    );
    this.fields.set(head.field, `'[' + ${list} + ']'`);
    this.addProbabilities(head, table);
    return true;
  }

  /** An object label → probability, its members in the order that objects have. */
  private addProbabilities(head: HeadOf<'multi-class' | 'multi-label'>, table: TableCode): void {
    const { labels, probabilities_field: field } = head;
    if (field === undefined || !this.wanted.has(field)) return;
    const members = Object.entries(Object.fromEntries(labels.map((label, i) => [labelKey(label), i])));
    const keys = this.constant(members.map(([key], i) => `${i === 0 ? '{' : ','}${JSON.stringify(key)}:`));
    const places = this.constant(members.map(([, place]) => place));
    const text = this.name('q');
    this.perRow.push(
      `let ${text} = '';`,
      `for (let j = 0; j < ${labels.length}; j++) {`,
      `const v = ${table.at(`${places}[j]`)};`,
      `${text} += ${keys}[j] + ${numberText('v')};`,
      '}',
    );
    this.fields.set(field, `${text} + '}'`);
  }

  private addRegression(head: HeadOf<'regression'>): boolean {
    const { fields } = head;
    const scale = scaleOf(head);
    const table = this.table(head.tensor, { isNumber: scale !== undefined, width: fields.length });
    fields.forEach((field, column) => this.addNumber(field, table.at(String(column)), scale));
    return true;
  }

  private addInterval(head: HeadOf<'interval'>): boolean {
    const scale = scaleOf(head);
    const [low, high, value] = [head.low, head.high, head.value].map((source) => this.column(source, head, scale));
    const text = `'{"low":' + ${numberText(low!, !scale)} + ',"high":' + ${numberText(high!, !scale)} + '}'`;
    this.fields.set(head.field, text);
    if (head.value_field !== undefined) this.fields.set(head.value_field, numberText(value!, !scale));
    return true;
  }

  /** A number per row: a column of the head's tensor, or a tensor of one column. @returns its name. */
  private column(
    source: number | string | undefined,
    { tensor }: HeadOf<'interval'>,
    scale: Scale | undefined,
  ): string | undefined {
    if (source === undefined) return undefined;
    const isAlone = typeof source === 'string';
    const table = this.table(isAlone ? source : tensor, {
      isNumber: scale !== undefined,
      ...(isAlone && { width: 1 }),
    });
    if (!isAlone) this.perCall.push(`if (${table.width} <= ${source}) ${GIVE_UP}`);
    return this.keep(table.at(isAlone ? '0' : String(source)), scale);
  }

  private addTensors({ fields, single = [] }: HeadOf<'tensors'>): boolean {
    return Object.entries(fields).every(([field, tensor]) => {
      if (!this.wanted.has(field)) return true;
      const schema = this.output.properties[field] ?? {};
      return single.includes(field) ? this.addSingle(field, tensor, schema) : this.addList(field, tensor, schema);
    });
  }

  /** The one value of a row. Texts stay texts only where the schema has no other use for them. */
  private addSingle(field: string, tensor: string, schema: OutputFieldSchema): boolean {
    const type = mainTypeOf(schema);
    if (type === 'boolean') return false;
    const hasNumbers = type === 'integer' || type === 'number';
    const table = this.table(tensor, { isNumber: false, width: 1, mayBeText: !hasNumbers });
    if (hasNumbers) this.addNumber(field, table.at('0'), undefined);
    else {
      const v = this.keep(table.at('0'), undefined);
      const stringify = this.constant(JSON.stringify);
      this.fields.set(field, `(typeof ${v} === 'string' ? ${stringify}(${v}) : ${numberText(v, true)})`);
    }
    return true;
  }

  /** A list of the numbers of a row. */
  private addList(field: string, tensor: string, schema: OutputFieldSchema): boolean {
    if (!isFlatList(schema)) return false;
    const table = this.table(tensor, { isNumber: false, isMatrix: true });
    const text = this.name('a');
    this.perRow.push(
      `let ${text} = '[';`,
      `for (let j = 0; j < ${table.width}; j++) {`,
      `const v = ${table.at('j')};`,
      `${text} += (j === 0 ? '' : ',') + ${numberText('v', true)};`,
      '}',
    );
    this.fields.set(field, `${text} + ']'`);
    return true;
  }

  private addNumber(field: string, value: string, scale: Scale | undefined): void {
    this.fields.set(field, numberText(this.keep(value, scale), !scale));
  }

  /** @returns the name of a value of the present row. */
  private keep(value: string, scale: Scale | undefined): string {
    const name = this.name('v');
    const scaled = scale ? `${value} * ${literal(scale.multiply)} + ${literal(scale.add)}` : value;
    this.perRow.push(`const ${name} = ${scaled};`);
    return name;
  }

  /** Reads an output tensor of one row of values per row. */
  private table(tensor: string | undefined, { width, ...kind }: TableKind): TableCode {
    const [t, d, w] = [this.name('t'), this.name('d'), this.name('w')];
    const isReadable = this.constant((given: Tensor | undefined, rows: number) => isTable(given, rows, kind));
    this.perCall.push(
      `const ${t} = outputs.get(${JSON.stringify(tensor ?? '')});`,
      `if (!${isReadable}(${t}, rows)) ${GIVE_UP}`,
      `const ${d} = ${t}.data, ${w} = ${t}.shape.length === 1 ? 1 : ${t}.shape[1];`,
      ...(width === undefined ? [] : [`if (${w} !== ${width}) ${GIVE_UP}`]),
    );
    return { tensor: t, width: w, at: (column) => `${d}[i * ${width ?? w} + ${column}]` };
  }

  /** @param value  code of a threshold, or of a list of them. @returns the name of what the table's numbers are held against. */
  private threshold({ tensor }: TableCode, value: string): string {
    const name = this.name('h');
    const round = this.constant((dtype: DType, given: number | readonly number[]) =>
      typeof given === 'number' ? thresholdFor(dtype, given) : given.map((one) => thresholdFor(dtype, one)),
    );
    this.perCall.push(`const ${name} = ${round}(${tensor}.dtype, ${value});`);
    return name;
  }

  /** Code that makes what `activation` makes of the present row, which `table` reads from then on. */
  private applyActivation(table: TableCode, activation: Activation = 'none'): string[] {
    if (activation === 'none') return [];
    const raw = table.at;
    if (activation === 'sigmoid') {
      const apply = this.constant(sigmoid);
      table.at = (column) => `${apply}(${raw(column)})`;
      return [];
    }
    const s = this.name('s');
    table.at = (column) => `${s}[${column}]`;
    return [
      `let ${s} = new Array(${table.width});`,
      `for (let j = 0; j < ${table.width}; j++) ${s}[j] = ${raw('j')};`,
      `${s} = ${this.constant(softmax)}(${s});`,
    ];
  }

  /** Has the values of an activation read as numbers of the table's type, as they are held against thresholds. */
  private roundActivation(table: TableCode, activation: Activation = 'none'): void {
    if (activation === 'none') return;
    const [round, exact] = [this.name('r'), table.at];
    this.perCall.push(`const ${round} = ${this.constant(activationRounding)}(${table.tensor}.dtype);`);
    table.at = (column) => `${round}(${exact(column)})`;
  }

  /** @returns the name of a value from outside, which is looked up once. */
  private constant(value: unknown): string {
    const name = this.name('c');
    this.perCall.push(`const ${name} = ${this.code.constant(value)};`);
    return name;
  }

  private name(letter: string): string {
    return `${letter}${this.names++}`;
  }
}

/** A tensor of [rows] or [rows, columns]. */
interface TableCode {
  /** Name of the tensor. */
  readonly tensor: string;
  /** Code of the number of its columns. */
  readonly width: string;
  /** Code of a value of row `i`. */
  at: (column: string) => string;
}

interface TableKind {
  /** Columns it must have; any number when left out. */
  readonly width?: number;
  /** Whether it must hold numbers, no bigints. */
  readonly isNumber: boolean;
  readonly mayBeText?: boolean;
  /** Whether it must have columns. */
  readonly isMatrix?: boolean;
}

function isTable(
  tensor: Tensor | undefined,
  rows: number,
  { isNumber, mayBeText = false, isMatrix = false }: TableKind,
): boolean {
  if (!tensor || tensor.dtype === 'bool') return false;
  const { shape, dtype } = tensor;
  if (shape[0] !== rows || shape.length > 2 || (isMatrix && shape.length !== 2)) return false;
  if (dtype === 'string') return mayBeText;
  return !(isNumber && (dtype === 'int64' || dtype === 'uint64'));
}

interface Scale {
  readonly multiply: number;
  readonly add: number;
}

function scaleOf({ multiply, add }: { readonly multiply?: number; readonly add?: number }): Scale | undefined {
  return multiply === undefined && add === undefined ? undefined : { multiply: multiply ?? 1, add: add ?? 0 };
}

function mainTypeOf(schema: OutputFieldSchema): OutputType | undefined {
  return outputTypesOf(schema).find((type) => type !== 'null');
}

/** Whether a schema says that values are lists of what is no list. */
function isFlatList({ type, items }: OutputFieldSchema): boolean {
  if (type === undefined || items?.type === undefined || outputTypesOf(items).includes('array')) return false;
  return outputTypesOf({ type }).every((one) => one === 'array' || one === 'null') && mainTypeOf({ type }) === 'array';
}

/** Code of a number as JSON has it. */
function numberText(name: string, mayBeBig = false): string {
  const isFinite = `${name} - ${name} === 0`;
  return mayBeBig
    ? `(typeof ${name} === 'bigint' || ${isFinite} ? ${name} : 'null')`
    : `(${isFinite} ? ${name} : 'null')`;
}
