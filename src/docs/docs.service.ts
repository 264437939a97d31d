import { setImmediate as nextTurn } from 'node:timers/promises';

import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleDestroy } from '@nestjs/common';

import { runInSlices } from '../lib/run-in-slices.js';
import { ModelRegistryService } from '../registry/model-registry.service.js';
import { documentSteps } from './openapi/build-document.js';
import { documentText } from './openapi/document-text.js';
import type { ModelForDocs } from './openapi/model-doc.js';
import { ModelParts } from './openapi/model-parts.js';
import type { OpenApiDocument } from './openapi/openapi-types.js';
import { convertToPostman } from './postman/convert-to-postman.js';
import { publishText } from './published-document.js';
import type { PublishedDocument } from './published-document.js';

/** Addresses for which the collection is kept: clients name them, so they must not fill the memory. */
const MAX_ADDRESSES = 4;
/** How long after a change the document is built unless somebody asks for it before. */
const BUILD_DELAY_MS = 1_000;

/**
 * Holds the API document and what is made of it. Everything is made once for each change of what is served: in slices,
 * of the models that have changed, so that no request waits for it, and in threads where it takes longer. Changes come in groups, and predictions come
 * first after one: the document is built a moment later, or when somebody asks for it.
 */
@Injectable()
export class DocsService implements OnModuleDestroy {
  private readonly logger = new Logger(DocsService.name);
  private fixed: OpenApiDocument | undefined;
  private models: readonly ModelForDocs[] | undefined;
  private readonly parts = new ModelParts();
  private current: PublishedDocument | undefined;
  private pendingBuild: Promise<void> | undefined;
  /** Builds the document when nobody has asked for it. */
  private timer: NodeJS.Timeout | undefined;
  /** The Postman collection without the address of this server. */
  private collection: Promise<string> | undefined;
  private readonly collections = new Map<string, Promise<PublishedDocument>>();

  constructor(private readonly registry: ModelRegistryService) {}

  /** Takes the fixed part of the document, once the routes are known. */
  publish(fixed: OpenApiDocument): void {
    this.fixed = fixed;
    this.buildSoon();
    this.registry.onChange(() => this.buildSoon());
  }

  onModuleDestroy(): void {
    clearTimeout(this.timer);
  }

  private buildSoon(): void {
    this.timer ??= setTimeout(() => this.build(), BUILD_DELAY_MS).unref();
  }

  /** Builds the document again when a model is served by another run; changes in the meantime are built together. */
  build(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.pendingBuild ??= this.buildUntilCurrent().finally(() => (this.pendingBuild = undefined));
    // Whoever asks for the document is told; without anyone it is a line of the log.
    this.pendingBuild.catch((error: unknown) => this.logger.error('The API document could not be built', error));
  }

  /** The OpenAPI document of what is served now. */
  async getDocument(): Promise<PublishedDocument> {
    if (!this.fixed) throw new Error('publishDocs was not called.');
    if (this.timer || (!this.current && !this.pendingBuild)) this.build();
    await this.pendingBuild;
    return this.current!;
  }

  /**
   * The Postman collection. Made on first use in a thread of its own, then kept.
   *
   * @param baseUrl  where its requests go unless the reader sets another address.
   */
  async getCollection(baseUrl: string): Promise<PublishedDocument> {
    const { text } = await this.getDocument();
    this.collection ??= kept(convertToPostman(text), () => (this.collection = undefined));
    const known = this.collections.get(baseUrl);
    if (known) return known;
    const [oldest] = this.collections.keys();
    if (this.collections.size >= MAX_ADDRESSES) this.collections.delete(oldest!);
    const published = kept(this.publishCollection(this.collection, baseUrl), () => this.collections.delete(baseUrl));
    this.collections.set(baseUrl, published);
    return published;
  }

  private async publishCollection(collection: Promise<string>, baseUrl: string): Promise<PublishedDocument> {
    const variable = JSON.stringify([{ key: 'baseUrl', value: baseUrl, type: 'string' }]);
    return publishText(`${(await collection).slice(0, -1)},"variable":${variable}}`);
  }

  private async buildUntilCurrent(): Promise<void> {
    for (let models = this.modelsDefaultFirst(); !this.isCurrent(models); models = this.modelsDefaultFirst()) {
      this.models = models;
      // Without any model the previous document stays: it says more than the bare routes.
      if (models.length === 0 && this.current) continue;
      await this.buildOnce(models);
    }
  }

  private async buildOnce(models: readonly ModelForDocs[]): Promise<void> {
    try {
      const document = await runInSlices(documentSteps(this.fixed!, models, this.parts));
      const text = await runInSlices(documentText(document));
      // Encoding some megabytes is a slice of its own.
      await nextTurn();
      const published = await publishText(text);
      if (published.etag === this.current?.etag) return;
      this.current = published;
      this.collection = undefined;
      this.collections.clear();
    } catch (error) {
      this.models = undefined;
      throw error;
    }
  }

  private isCurrent(models: readonly ModelForDocs[]): boolean {
    const last = this.models;
    const isSame = (model: ModelForDocs, i: number) =>
      model.best === last?.[i]?.best && model.card === last.at(i)?.card;
    return models.length === last?.length && models.every(isSame);
  }

  /** What is served at this moment: a model of the registry changes while the document is built. */
  private modelsDefaultFirst(): ModelForDocs[] {
    const defaultModel = this.registry.findDefaultModel();
    const ready = this.registry.listReadyModels();
    const sorted = [...ready].sort((a, b) => Number(b === defaultModel) - Number(a === defaultModel));
    return sorted.map(({ card, best }) => ({ card, best }));
  }
}

/** A promise to be kept, unless it fails: then the next request tries again. */
function kept<T>(promise: Promise<T>, forget: () => void): Promise<T> {
  promise.catch(forget);
  return promise;
}
