/** What is worth knowing of an input row that keeps the contract. The lists are empty when there is nothing. */
export interface RowNote {
  /** Fields whose value lies outside what training saw (`x-observed`), in the order of the signature. */
  readonly outside_training: readonly string[];
  /** Names in the row that the signature does not have: they were ignored. At most 100. */
  readonly unknown_fields: readonly string[];
}
