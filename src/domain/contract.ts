import { headsOf } from './decode-spec.js';
import type { DecodeSpec, HeadDecode } from './decode-spec.js';
import type { Run } from './run.js';
import { mapInnerFields } from './signature.js';
import type { OutputFieldSchema, RowSchema, Signature } from './signature.js';

/** What clients of a run rely on. */
export interface Contract {
  readonly signature: Signature;
  /** Output fields given only to callers that name them; undefined when it is not known. */
  readonly on_request?: readonly string[];
  /** Output fields of the bare answer; undefined when it is not known. */
  readonly primary?: readonly string[];
}

/** The contract that a run keeps. */
export function contractOf({ signature, decode }: Pick<Run, 'signature' | 'decode'>): Contract {
  return { signature, on_request: decode.on_request ?? [], primary: primaryFieldsOf(decode) };
}

/** The fields of the bare answer: those the run names, else the main field(s) of its kind. */
export function primaryFieldsOf(decode: DecodeSpec): readonly string[] {
  return decode.primary ?? headsOf(decode).flatMap(mainFieldsOf);
}

function mainFieldsOf(head: HeadDecode): readonly string[] {
  switch (head.kind) {
    case 'regression':
      return head.fields;
    case 'tensors':
      return Object.keys(head.fields);
    default:
      return [head.field];
  }
}

/** The contract as it is recorded: without examples and annotations (`x-…`), which are long and no part of it. */
export function recordedContractOf(run: Pick<Run, 'signature' | 'decode'>): Contract {
  const { signature, ...rest } = contractOf(run);
  return { signature: { input: bareRow(signature.input), output: bareRow(signature.output) }, ...rest };
}

function bareRow<Field extends OutputFieldSchema>(row: RowSchema<Field>): RowSchema<Field> {
  const fields = Object.entries(row.properties).map(([name, field]) => [name, bareField(field)] as const);
  return { ...row, properties: Object.fromEntries(fields) };
}

function bareField<Field extends OutputFieldSchema>(field: Field): Field {
  const entries = Object.entries(field).filter(([key]) => key !== 'examples' && !key.startsWith('x-'));
  return mapInnerFields(Object.fromEntries(entries) as unknown as Field, bareField);
}
