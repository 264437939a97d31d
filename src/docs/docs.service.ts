import { Injectable } from '@nestjs/common';

import { stringifyJson } from '../lib/json-text.js';
import { ModelRegistryService } from '../registry/model-registry.service.js';
import type { ReadyModel } from '../registry/model-registry.service.js';
import { buildDocument } from './openapi/build-document.js';
import type { OpenApiDocument } from './openapi/openapi-types.js';
import { convertToPostman } from './postman/convert-to-postman.js';
import type { PostmanCollection } from './postman/postman-types.js';
import { toDocumentText } from './published-document.js';
import type { DocumentText } from './published-document.js';

/** Holds the API document and what is made of it. */
@Injectable()
export class DocsService {
  private fixed: OpenApiDocument | undefined;
  private current: DocumentText | undefined;
  private collection: Promise<PostmanCollection> | undefined;

  constructor(private readonly registry: ModelRegistryService) {}

  /** Takes the fixed part of the document, once the routes are known, and builds the whole. */
  publish(fixed: OpenApiDocument): void {
    this.fixed = fixed;
    this.build();
    this.registry.onChange(() => this.build());
  }

  /** Builds the document again, when a model is served by another run. Until then the previous one is served. */
  build(): void {
    if (!this.fixed) throw new Error('publishDocs was not called.');
    const models = this.modelsDefaultFirst();
    if (models.length === 0 && this.current) return;
    const text = stringifyJson(buildDocument(this.fixed, models));
    if (toDocumentText(text).etag === this.current?.etag) return;
    this.current = toDocumentText(text);
    this.collection = undefined;
  }

  /** The OpenAPI document. */
  getDocument(): DocumentText {
    if (!this.current) throw new Error('publishDocs was not called.');
    return this.current;
  }

  /**
   * The Postman collection. Made on first use in a thread of its own, then kept.
   *
   * @param baseUrl  where its requests go unless the reader sets another address.
   */
  async getCollection(baseUrl: string): Promise<DocumentText> {
    const collection = await (this.collection ??= this.convert());
    const variable = [{ key: 'baseUrl', value: baseUrl, type: 'string' }];
    return toDocumentText(JSON.stringify({ ...collection, variable }));
  }

  private convert(): Promise<PostmanCollection> {
    const conversion = convertToPostman(this.getDocument().text);
    // A failed conversion is not kept: the next request tries again.
    conversion.catch(() => {
      if (this.collection === conversion) this.collection = undefined;
    });
    return conversion;
  }

  private modelsDefaultFirst(): ReadyModel[] {
    const defaultModel = this.registry.findDefaultModel();
    const ready = this.registry.listReadyModels();
    return [...ready].sort((a, b) => Number(b === defaultModel) - Number(a === defaultModel));
  }
}
