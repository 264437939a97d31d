import type { JsonText } from './document-text.js';
import type { ModelDoc } from './model-doc.js';

/** What the document says of one model, as it is written. */
export interface ModelPart {
  readonly path: JsonText;
  readonly schemas: Readonly<Record<string, JsonText>>;
}

/**
 * The parts of the document that were written for models, kept as long as the same runs serve them: a change of one model
 * costs what that model costs, not what all of them do.
 */
export class ModelParts {
  private readonly parts = new Map<string, ModelPart & { readonly doc: ModelDoc }>();

  /** What was written for a model, if nothing of it has changed. */
  find(doc: ModelDoc): ModelPart | undefined {
    const known = this.parts.get(doc.path);
    if (!known) return undefined;
    const { model, run, names } = known.doc;
    const isSame = model.best === doc.model.best && model.card === doc.model.card && run === doc.run;
    return isSame && names.input === doc.names.input ? known : undefined;
  }

  keep(doc: ModelDoc, part: ModelPart): void {
    this.parts.set(doc.path, { ...part, doc });
  }

  /** Forgets all other models. */
  retain(docs: readonly ModelDoc[]): void {
    const paths = new Set(docs.map(({ path }) => path));
    for (const path of [...this.parts.keys()]) if (!paths.has(path)) this.parts.delete(path);
  }
}
