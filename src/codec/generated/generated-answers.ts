import { headsOf } from '../../domain/decode-spec.js';
import type { DecodeSpec, HeadDecode } from '../../domain/decode-spec.js';
import type { OutputRowSchema } from '../../domain/signature.js';
import type { NamedTensors } from '../../domain/tensor.js';
import type { AnswerShape, RowDecoder } from '../decode/row-decoder.js';
import { AnswerCode } from './answer-code.js';
import { FunctionText, literal } from './function-text.js';

type Write = (outputs: NamedTensors, rows: number) => string | undefined;

/** Fields that an answer may have for each to be written by code of its own. */
const MAX_FIELDS = 200;

/**
 * The decoder of a contract whose answers are written by a generated function, from its output schema and `decode`.
 *
 * The general decoder makes a list of values for each field, and writes row by row, asking each value what it is. The
 * function goes from the numbers of the tensors to the text of the answer, with nothing in between. It knows tensors that
 * have the shape which `decode` asks for; for all others, for fields on request and where Node may not generate code, the
 * general decoder writes. Both write the same.
 *
 * @param decoder  of the same `decode`, which `compileRowDecoder` has checked.
 */
export function withGeneratedAnswers(decoder: RowDecoder, decode: DecodeSpec, output: OutputRowSchema): RowDecoder {
  const writeRows = generateAnswers(decode, output);
  if (!writeRows) return decoder;
  // Few clients ask for lists.
  let writeLists: Write | undefined;
  const writerOf = (shape: AnswerShape): Write =>
    shape === 'rows' ? writeRows : (writeLists ??= generateAnswers(decode, output, 'columns')!);
  return {
    ...decoder,
    write: (outputs, context, include, shape = 'rows') =>
      (include.size === 0 ? writerOf(shape)(outputs, context.rows.length) : undefined) ??
      decoder.write(outputs, context, include, shape),
  };
}

/**
 * Generates the function that writes the answers of one contract.
 *
 * @returns undefined for what is not generated: repeated input fields, embeddings, lists of lists, the highest labels; the
 *   function gives undefined where the general decoder has to write.
 */
export function generateAnswers(
  decode: DecodeSpec,
  output: OutputRowSchema,
  shape: AnswerShape = 'rows',
): Write | undefined {
  const names = Object.keys(output.properties).filter((name) => !decode.on_request?.includes(name));
  if (decode.echo || names.length === 0 || names.length > MAX_FIELDS) return undefined;
  const wanted = new Set(names);
  const code = new FunctionText();
  const answer = new AnswerCode(code, output, wanted);
  // Of several heads those alone are computed of which a field is wanted.
  const isComputed = (head: HeadDecode) => decode.kind !== 'heads' || fieldsOf(head).some((name) => wanted.has(name));
  const heads = headsOf(decode).filter(isComputed);
  if (!heads.every((head) => answer.addHead(head))) return undefined;
  const [open, close, keys] =
    shape === 'rows' ? ['{', '}', names.map((name) => `${JSON.stringify(name)}:`)] : ['[', ']', []];
  const first = `${open}${keys[0] ?? ''}`;
  const fields = names.map((name, i) => [
    i === 0 ? 'start' : literal(`,${keys[i] ?? ''}`),
    `${answer.fields.get(name)}`,
  ]);
  code.add("if (rows === 0) return '[]';", ...answer.perCall);
  code.add(`let text = '', start = ${literal(`[${first}`)};`);
  code.add('for (let i = 0; i < rows; i++) {', ...answer.perRow);
  code.add(`text += ${fields.flat().join(' + ')} + '${close}';`, `start = ${literal(`,${first}`)};`, '}');
  code.add(`return text + ']';`);
  return code.compile<Write>(['outputs', 'rows']);
}

/** The output fields that a head gives. */
function fieldsOf(head: HeadDecode): readonly string[] {
  switch (head.kind) {
    case 'regression':
      return head.fields;
    case 'tensors':
      return Object.keys(head.fields);
    default:
      return FIELD_KEYS.flatMap((key) =>
        key in head ? (head as unknown as Readonly<Record<string, string>>)[key]! : [],
      );
  }
}

const FIELD_KEYS = ['field', 'probability_field', 'probabilities_field', 'value_field'] as const;
