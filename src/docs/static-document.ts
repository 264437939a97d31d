import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

import { VERSION } from '../version.js';
import { API_DESCRIPTION, API_KEY_HEADER, API_TAGS, API_TITLE } from './api-description.js';
import type { OpenApiDocument } from './openapi/openapi-types.js';

let made: OpenApiDocument | undefined;

/**
 * The part of the API document that the decorators give: everything but what depends on the store. All applications of
 * a process have the same decorators, and reading them takes a while, so it is made once.
 */
export function createStaticDocument(app: INestApplication): OpenApiDocument {
  made ??= readDecorators(app);
  return made;
}

function readDecorators(app: INestApplication): OpenApiDocument {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(API_TITLE)
    .setDescription(API_DESCRIPTION)
    .setVersion(VERSION)
    .addServer('/', 'This server')
    .addApiKey(API_KEY_HEADER, 'ApiKeyHeader');
  for (const [name, description] of API_TAGS) builder.addTag(name, description);
  const document = SwaggerModule.createDocument(app, builder.build(), {
    autoTagControllers: false,
  }) as unknown as OpenApiDocument;
  const { contact: _none, ...info } = document.info;
  return {
    ...document,
    info: { ...info, license: { name: 'MIT', identifier: 'MIT' } },
    // The empty requirement comes first: no key is needed unless the operator sets one.
    security: [{}, { ApiKeyHeader: [] }],
  };
}
