import { Module } from '@nestjs/common';

import { RegistryModule } from '../registry/registry.module.js';
import { DocsController } from './docs.controller.js';
import { DocsService } from './docs.service.js';
import { PagesController } from './pages.controller.js';

/** The API's own description: document, pages, Postman collection. */
@Module({ imports: [RegistryModule], controllers: [DocsController, PagesController], providers: [DocsService] })
export class DocsModule {}
