import { Injectable } from '@nestjs/common';

import { stringifyJson } from '../lib/json-text.js';
import { ModelRegistryService } from '../registry/model-registry.service.js';
import type { ServedModel } from '../registry/model-registry.service.js';
import { buildDocument } from './openapi/build-document.js';
import type { OpenApiDocument } from './openapi/openapi-types.js';
import { convertToPostman } from './postman/convert-to-postman.js';
import type { PostmanCollection } from './postman/postman-types.js';
import { publishedText } from './published-document.js';
import type { PublishedDocument } from './published-document.js';

/** Holds the API document and what is made of it. */
@Injectable()
export class DocsService {
  private fixed: OpenApiDocument | undefined;
  private published: PublishedDocument | undefined;
  private collection: Promise<PostmanCollection> | undefined;

  constructor(private readonly registry: ModelRegistryService) {}

  /** Takes the fixed part of the document, once the routes are known, and builds the whole. */
  publish(fixed: OpenApiDocument): void {
    this.fixed = fixed;
    this.rebuild();
    this.registry.onChange(() => this.rebuild());
  }

  /** Builds the document again; called when a model is served by another run. The old one is sent until then. */
  rebuild(): void {
    if (!this.fixed) throw new Error('publishDocs was not called.');
    const models = this.modelsDefaultFirst();
    if (models.length === 0 && this.published) return;
    const text = stringifyJson(buildDocument(this.fixed, models));
    if (publishedText(text).etag === this.published?.etag) return;
    this.published = publishedText(text);
    this.collection = undefined;
  }

  /** The OpenAPI document. */
  getDocument(): PublishedDocument {
    if (!this.published) throw new Error('publishDocs was not called.');
    return this.published;
  }

  /**
   * The Postman collection. Made on first use in a thread of its own, then kept.
   *
   * @param baseUrl  where its requests go unless the reader sets another address.
   */
  async getCollection(baseUrl: string): Promise<PublishedDocument> {
    const collection = await (this.collection ??= this.convert());
    const variable = [{ key: 'baseUrl', value: baseUrl, type: 'string' }];
    return publishedText(JSON.stringify({ ...collection, variable }));
  }

  private convert(): Promise<PostmanCollection> {
    const conversion = convertToPostman(this.getDocument().text);
    // A failed conversion is not kept: the next request tries again.
    conversion.catch(() => {
      if (this.collection === conversion) this.collection = undefined;
    });
    return conversion;
  }

  private modelsDefaultFirst(): ServedModel[] {
    const preferred = this.registry.findDefaultModel();
    const served = this.registry.listServedModels();
    return [...served].sort((a, b) => Number(b === preferred) - Number(a === preferred));
  }
}
