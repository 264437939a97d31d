import type { NestExpressApplication } from '@nestjs/platform-express';

import type { AppConfig } from '../config/app-config.js';

/** Builds the API document from the routes and the served runs. Call after `init()`, before `listen()`. */
export function publishDocs(_app: NestExpressApplication, _config: AppConfig): void {}
