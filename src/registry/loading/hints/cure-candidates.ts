import { headsOf } from '../../../domain/decode-spec.js';
import type { Activation, DecodeSpec, HeadDecode } from '../../../domain/decode-spec.js';
import type {
  CategoryColumn,
  Column,
  ColumnsEncoding,
  ImageEncoding,
  TensorEncoding,
} from '../../../domain/encode-spec.js';
import type { Run } from '../../../domain/run.js';
import { stringifyJson } from '../../../lib/json/json-text.js';

/** A change of `encode` or `decode` that may be what the trainer meant. */
export interface CureCandidate {
  /** Follows "The examples get their recorded answers with": `"activation": "softmax" in decode`. */
  readonly what: string;
  readonly encode?: Run['encode'];
  readonly decode?: Run['decode'];
}

const ACTIVATIONS: readonly Activation[] = ['none', 'sigmoid', 'softmax'];

/** Most values or columns of which every order is tried: 24 of four, 120 of five. */
const MAX_PERMUTED_VALUES = 4;
const MAX_PERMUTED_COLUMNS = 5;

/**
 * Changes of a run that make up for common mistakes, the likely ones first: another activation, inputs that the model scales
 * itself, another order of columns or categories, other preparation of images.
 */
export function* cureCandidates(run: Run): Generator<CureCandidate> {
  for (const [head, replace, place] of headPlaces(run.decode)) {
    for (const [changed, what] of headChanges(head)) yield { what: `${what} in ${place}`, decode: replace(changed) };
  }
  for (const [i, tensor] of run.encode.tensors.entries()) {
    for (const [changed, what] of tensorChanges(tensor, run)) {
      const tensors = run.encode.tensors.map((one, at) => (at === i ? changed : one));
      yield { what, encode: { ...run.encode, tensors } };
    }
  }
}

type HeadPlace = readonly [HeadDecode, (changed: HeadDecode) => DecodeSpec, string];

function headPlaces(decode: DecodeSpec): HeadPlace[] {
  return headsOf(decode).map((head, i): HeadPlace => {
    if (decode.kind !== 'heads') return [head, (changed) => ({ ...decode, ...changed }) as DecodeSpec, 'decode'];
    const replace = (changed: HeadDecode): DecodeSpec => ({
      ...decode,
      heads: decode.heads.map((one, at) => (at === i ? changed : one)),
    });
    return [head, replace, `decode.heads[${i}]`];
  });
}

function* headChanges(head: HeadDecode): Generator<readonly [HeadDecode, string]> {
  switch (head.kind) {
    case 'binary':
    case 'multi-class':
    case 'multi-label':
    case 'top-k':
      for (const activation of ACTIVATIONS) {
        if (activation !== (head.activation ?? 'none'))
          yield [{ ...head, activation }, `"activation": "${activation}"`];
      }
      return;
    case 'embedding': {
      const normalize = !(head.normalize ?? false);
      yield [{ ...head, normalize }, `"normalize": ${normalize}`];
      if (head.pooling === undefined || head.pooling === 'none') return;
      const pooling = head.pooling === 'mean' ? 'cls' : 'mean';
      yield [{ ...head, pooling }, `"pooling": "${pooling}"`];
      yield [{ ...head, pooling, normalize }, `"pooling": "${pooling}" and "normalize": ${normalize}`];
      return;
    }
    default:
      return;
  }
}

function tensorChanges(tensor: TensorEncoding, run: Run): Iterable<readonly [TensorEncoding, string]> {
  if (tensor.kind === 'columns') return columnsChanges(tensor, run);
  return tensor.kind === 'image' ? imageChanges(tensor) : [];
}

function* columnsChanges(tensor: ColumnsEncoding, run: Run): Generator<readonly [ColumnsEncoding, string]> {
  const { columns } = tensor;
  if (columns.some(hasScale)) {
    yield [
      { ...tensor, columns: columns.map(unscaled) },
      'no "subtract" and "divide" in encode: the model scales its inputs itself',
    ];
    const roots = columns.map((column) =>
      hasScale(column) && 'divide' in column ? { ...column, divide: Math.sqrt(column.divide ?? 1) } : column,
    );
    yield [{ ...tensor, columns: roots }, 'the square roots of each "divide" in encode: it holds variances'];
  }
  for (const [i, column] of columns.entries()) {
    if (column.kind !== 'category') continue;
    for (const values of otherOrders(column.values, MAX_PERMUTED_VALUES)) {
      const changed: CategoryColumn = { ...column, values };
      yield [
        { ...tensor, columns: columns.map((one, at) => (at === i ? changed : one)) },
        `"values" of "${column.field}" in encode in the order ${listed(values)}`,
      ];
    }
  }
  for (const order of columnOrders(columns, run)) {
    yield [
      { ...tensor, columns: order },
      `the columns of encode in the order ${listed(order.map(({ field }) => field))}`,
    ];
  }
}

function hasScale(column: Column): boolean {
  return 'divide' in column || 'subtract' in column;
}

function unscaled(column: Column): Column {
  return hasScale(column) ? ({ ...column, subtract: 0, divide: 1 } as Column) : column;
}

/** Orders in which the trainer's data frame may have had the columns. */
function* columnOrders(columns: readonly Column[], run: Run): Generator<readonly Column[]> {
  if (columns.length < 2) return;
  const orders = [Object.keys(run.signature.input.properties), Object.keys(run.examples[0]?.input ?? {})];
  const placeIn = (names: readonly string[]) => (a: Column, b: Column) =>
    names.indexOf(a.field) - names.indexOf(b.field);
  for (const names of orders)
    if (columns.every(({ field }) => names.includes(field))) yield [...columns].sort(placeIn(names));
  yield [...columns].sort((a, b) => (a.field < b.field ? -1 : 1));
  if (columns.length <= MAX_PERMUTED_COLUMNS) yield* permutations(columns);
  else yield* swaps(columns);
}

function* otherOrders<T>(values: readonly T[], most: number): Generator<readonly T[]> {
  yield [...values].sort();
  yield [...values].reverse();
  if (values.length <= most) yield* permutations(values);
  else yield* swaps(values);
}

function* permutations<T>(items: readonly T[]): Generator<readonly T[]> {
  if (items.length < 2) return void (yield items);
  for (const [i, item] of items.entries()) {
    for (const rest of permutations(items.filter((_, at) => at !== i))) yield [item, ...rest];
  }
}

function* swaps<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < items.length; i += 1) {
    for (let j = i + 1; j < items.length; j += 1) {
      const swapped = [...items];
      [swapped[i], swapped[j]] = [items[j]!, items[i]!];
      yield swapped;
    }
  }
}

const FILTERS = ['bilinear', 'bicubic', 'lanczos', 'nearest', 'box'] as const;
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

function* imageChanges(image: ImageEncoding): Generator<readonly [ImageEncoding, string]> {
  yield [{ ...image, transparency: 'ignore' }, '"transparency": "ignore" in encode'];
  yield [{ ...image, orientation: 'ignore' }, '"orientation": "ignore" in encode'];
  yield [
    { ...image, transparency: 'ignore', orientation: 'ignore' },
    '"transparency" and "orientation": "ignore" in encode',
  ];
  if (image.dtype === 'float32') {
    yield [{ ...image, mean: 0, std: 1 }, 'no "mean" and "std" in encode'];
    yield [{ ...image, scale: 1, mean: 0, std: 1 }, '"scale": 1 in encode, and neither "mean" nor "std"'];
    yield [{ ...image, scale: 1 / 255, mean: 0.5, std: 0.5 }, '"mean": 0.5 and "std": 0.5 in encode'];
    const scaled: ImageEncoding = { ...image, scale: 1 / 255, ...IMAGENET };
    if (image.channels === 3)
      yield [
        scaled,
        `"mean": ${stringifyJson([...IMAGENET.mean])} and "std": ${stringifyJson([...IMAGENET.std])} in encode`,
      ];
  }
  if (!image.resize) return;
  for (const filter of FILTERS) {
    yield [{ ...image, resize: { ...image.resize, filter } }, `"filter": "${filter}" of "resize" in encode`];
  }
  const { filter } = image.resize;
  yield [{ ...image, resize: { filter } }, '"fit": "stretch" of "resize" in encode'];
  const side = Math.max(image.width, image.height);
  for (const shorter of [side, Math.round(side * USUAL_MARGIN)]) {
    const resize = { filter, fit: 'crop', shorter_side: shorter } as const;
    yield [{ ...image, resize }, `"fit": "crop" and "shorter_side": ${shorter} of "resize" in encode`];
  }
}

/** What torchvision's `Resize(256)` is to `CenterCrop(224)`. */
const USUAL_MARGIN = 256 / 224;

function listed(items: readonly unknown[]): string {
  const texts = items.map((item) => stringifyJson(item as string));
  return texts.length > MAX_LISTED ? `${texts.slice(0, MAX_LISTED).join(', ')}, …` : texts.join(', ');
}

const MAX_LISTED = 12;
