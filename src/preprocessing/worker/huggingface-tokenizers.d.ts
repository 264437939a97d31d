/** The part that is used here: the package's own types import files without extensions, which Node's rules do not find. */
declare module '@huggingface/tokenizers' {
  /** What makes tokens of the words of a text. */
  export interface TokenizerModel {
    readonly config: Readonly<Record<string, unknown>>;
    readonly tokens_to_ids: ReadonlyMap<string, number>;
    /** What the package calls when the model is called as a function. */
    _call: (words: readonly string[]) => string[];
  }

  export class Tokenizer {
    readonly model: TokenizerModel;
    /** @throws Error when the document, a parsed `tokenizer.json`, names a part that the package does not know. */
    constructor(document: object, config: object);
    encode(
      text: string,
      options?: { add_special_tokens?: boolean; return_token_type_ids?: boolean },
    ): { ids: (number | undefined)[]; attention_mask: number[]; token_type_ids?: number[] };
  }
}
