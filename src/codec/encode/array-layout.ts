import { sizeOf } from '../../domain/tensor.js';
import type { FieldSchema } from '../../domain/signature.js';
import { isNullable, typeOf } from '../validate/schema-check.js';
import { mismatch } from './encode-scope.js';

/** How the axes of a field become those of its tensor, e.g. `hwc→chw`: one letter an axis. */
export interface Layout {
  readonly from: string;
  readonly to: string;
}

/** Lengths of a field's lists, and where each of its numbers goes in the tensor. */
export interface ArrayShape {
  /** By level, the outermost first. */
  readonly sizes: readonly number[];
  /** By place in row-major order; undefined when numbers keep their order. */
  readonly places: Uint32Array | undefined;
}

/**
 * Reads `hwc→chw`, or the same with `->`.
 *
 * @throws RunError `SIGNATURE_MISMATCH` unless both sides have the same letters, each of them once.
 */
export function parseLayout(text: string, pointer: string): Layout {
  const [from = '', to = ''] = text.split(/→|->/);
  const isPermutation = [...from].sort().join() === [...to].sort().join() && new Set(from).size === from.length;
  if (!isPermutation) throw mismatch(pointer, `layout "${text}" must have the same letters on both sides, each once`);
  return { from, to };
}

/**
 * Fits the lists of a field to the shape of a tensor: any nesting with the same number of elements will do.
 *
 * @param shape  of a row's tensor, after `layout`.
 * @throws RunError `SIGNATURE_MISMATCH` when the field holds no numbers, or not as many, or does not say how they nest.
 */
export function fitArray(
  field: FieldSchema,
  shape: readonly number[],
  layout: string | undefined,
  pointer: string,
): ArrayShape {
  const declared = listSizesOf(field, pointer, false);
  const axes = layout === undefined ? undefined : axesOf(parseLayout(layout, pointer), declared, shape, pointer);
  const sizes = sizesOf(declared, axes?.sizes ?? shape, pointer);
  if (sizeOf(sizes) !== sizeOf(shape)) {
    const message = `the field's lists hold ${sizes.join(' × ')} numbers, the shape [${shape.join(', ')}] holds ${sizeOf(shape)}`;
    throw mismatch(pointer, message);
  }
  return { sizes, places: axes && placesOf(axes) };
}

/**
 * Length of the lists on each level of a field of numbers; undefined where the schema leaves it open.
 *
 * @param mayHoldNull  whether the numbers may be null.
 * @throws RunError `SIGNATURE_MISMATCH` when the field holds anything but numbers or booleans.
 */
export function listSizesOf(field: FieldSchema, pointer: string, mayHoldNull: boolean): (number | undefined)[] {
  const sizes: (number | undefined)[] = [];
  let inner: FieldSchema | undefined = field;
  while (inner && typeOf(inner) === 'array') {
    sizes.push(inner.minItems === inner.maxItems ? inner.minItems : undefined);
    inner = inner.items;
    const isNumber = inner && typeOf(inner) !== 'array';
    if (inner && isNullable(inner) && !(mayHoldNull && isNumber))
      throw mismatch(pointer, 'items that may be null have no place in a tensor');
  }
  if (inner && ['integer', 'number', 'boolean'].includes(typeOf(inner))) return sizes;
  throw mismatch(pointer, `below ${sizes.length} levels the field must hold numbers or booleans`);
}

/** The sizes that the field declares, else those that the shape leaves it. */
function sizesOf(
  declared: readonly (number | undefined)[],
  shape: readonly number[],
  pointer: string,
): readonly number[] {
  const wide = shape.filter((size) => size !== 1);
  const guess =
    declared.length === shape.length
      ? shape
      : declared.length === 1
        ? [sizeOf(shape)]
        : declared.length === wide.length
          ? wide
          : undefined;
  return declared.map((size, level) => {
    const known = size ?? (guess && isCompatible(declared, guess) ? guess[level] : undefined);
    if (known !== undefined) return known;
    const message = `the field nests ${declared.length} deep, the shape ${shape.length}; give its lists minItems and maxItems that say how long they are`;
    throw mismatch(pointer, message);
  });
}

function isCompatible(declared: readonly (number | undefined)[], guess: readonly number[]): boolean {
  return declared.every((size, level) => size === undefined || size === guess[level]);
}

interface Axes {
  /** Of the field, in the order of `from`. */
  readonly sizes: readonly number[];
  /** How far apart neighbours of each axis of the field lie in the tensor. */
  readonly strides: readonly number[];
}

function axesOf(
  { from, to }: Layout,
  declared: readonly (number | undefined)[],
  shape: readonly number[],
  pointer: string,
): Axes {
  const wide = shape.length === to.length ? shape : shape.filter((size) => size !== 1);
  if (wide.length !== to.length) {
    throw mismatch(pointer, `layout names ${to.length} axes, the shape [${shape.join(', ')}] has ${shape.length}`);
  }
  if (declared.length !== from.length && declared.length !== 1) {
    throw mismatch(pointer, `layout names ${from.length} axes, the field nests ${declared.length} deep`);
  }
  const axisOf = (letter: string) => to.indexOf(letter);
  const sizes = [...from].map((letter) => wide[axisOf(letter)]!);
  const strides = [...from].map((letter) => sizeOf(wide.slice(axisOf(letter) + 1)));
  const isFitting = declared.length === 1 || isCompatible(declared, sizes);
  if (!isFitting) {
    throw mismatch(pointer, `with this layout the field's lists are ${sizes.join(' × ')}, which its schema excludes`);
  }
  return { sizes, strides };
}

/** Place in the tensor of each number of the field, in row-major order of the field. */
export function placesOf({ sizes, strides }: Axes): Uint32Array {
  const places = new Uint32Array(sizeOf(sizes));
  const index = sizes.map(() => 0);
  for (let at = 0; at < places.length; at++) {
    places[at] = index.reduce((sum, i, axis) => sum + i * strides[axis]!, 0);
    for (let axis = sizes.length - 1; axis >= 0 && ++index[axis]! === sizes[axis]; axis--) index[axis] = 0;
  }
  return places;
}
