import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';

import { NoEnvelope } from '../http/envelope/no-envelope.decorator.js';
import { BaseUrl } from '../http/request/base-url.decorator.js';
import { DocsService } from './docs.service.js';
import { sendDocument } from './published-document.js';

const NOT_MODIFIED = { status: 304, description: 'The document has still the ETag that `If-None-Match` names.' };
const anyObject = { type: 'object', additionalProperties: true } as const;

/** The API description for programs. */
@ApiTags('Documentation')
@Controller()
export class DocsController {
  constructor(private readonly docs: DocsService) {}

  @Get('openapi.json')
  @NoEnvelope()
  @ApiOperation({
    operationId: 'getOpenApiDocument',
    summary: 'This API as an OpenAPI 3.1 document',
    description:
      'With schemas and operations per model. Its ETag changes when the contract or the best run of a model does. Examples ' +
      'of more than 2,000 characters are shortened; `GET /models/{model}/schema` has the whole contract.',
  })
  @ApiResponse({
    status: 200,
    description: 'The document.',
    content: {
      'application/json': {
        schema: {
          type: 'object',
          required: ['openapi', 'info', 'paths', 'components'],
          properties: {
            openapi: { type: 'string', examples: ['3.1.0'] } as never,
            info: anyObject,
            paths: anyObject,
            components: anyObject,
          },
        },
        example: { openapi: '3.1.0', info: { title: 'bestrun' }, paths: {}, components: {} },
      },
    },
  })
  @ApiResponse(NOT_MODIFIED)
  async getDocument(@Req() request: Request, @Res() response: Response): Promise<void> {
    sendDocument(await this.docs.getDocument(), request, response);
  }

  @Get('postman.json')
  @NoEnvelope()
  @ApiOperation({
    operationId: 'getPostmanCollection',
    summary: 'This API as a Postman collection',
    description:
      'Format v2.1: a folder per section, a filled-in request with a test per operation, the address in the variable ' +
      '`baseUrl`. Bodies of more than 2,000 characters are shortened.',
  })
  @ApiResponse({
    status: 200,
    description: 'The collection.',
    content: {
      'application/json': {
        schema: {
          type: 'object',
          required: ['info', 'item', 'variable'],
          properties: {
            info: anyObject,
            item: { type: 'array', items: anyObject },
            variable: { type: 'array', items: anyObject },
          },
        },
        example: {
          info: { name: 'bestrun' },
          item: [],
          variable: [{ key: 'baseUrl', value: 'http://localhost:5000' }],
        },
      },
    },
  })
  @ApiResponse(NOT_MODIFIED)
  async getCollection(@BaseUrl() baseUrl: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    sendDocument(await this.docs.getCollection(baseUrl), request, response);
  }
}
