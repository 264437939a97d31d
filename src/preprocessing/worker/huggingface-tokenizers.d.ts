/** The part that is used here: the package's own types import files without extensions, which Node's rules do not find. */
declare module '@huggingface/tokenizers' {
  export class Tokenizer {
    /** @throws Error when the document, a parsed `tokenizer.json`, names a part that the package does not know. */
    constructor(document: object, config: object);
    encode(
      text: string,
      options?: { add_special_tokens?: boolean; return_token_type_ids?: boolean },
    ): { ids: number[]; attention_mask: number[]; token_type_ids: number[] };
  }
}
