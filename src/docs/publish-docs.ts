import type { NestExpressApplication } from '@nestjs/platform-express';

import { DocsService } from './docs.service.js';
import { createStaticDocument } from './static-document.js';

/** Builds the API document from the routes and the served runs. Call after `init()`, before `listen()`. */
export function publishDocs(app: NestExpressApplication): void {
  app.get(DocsService).publish(createStaticDocument(app));
}
