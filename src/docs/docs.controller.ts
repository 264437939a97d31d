import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';

import { NoEnvelope } from '../http/envelope/no-envelope.decorator.js';
import { headOf } from '../http/request/express-head.js';
import { baseUrl } from '../http/request/request-url.js';
import { AppConfig } from '../config/app-config.js';
import { DocsService } from './docs.service.js';
import type { DocumentText } from './docs.service.js';

const NOT_MODIFIED = { status: 304, description: 'The document has still the ETag that `If-None-Match` names.' };
const anyObject = { type: 'object', additionalProperties: true } as const;

/** The API description for programs. */
@ApiTags('Documentation')
@Controller()
export class DocsController {
  constructor(
    private readonly docs: DocsService,
    private readonly config: AppConfig,
  ) {}

  @Get('openapi.json')
  @NoEnvelope()
  @ApiOperation({
    operationId: 'getOpenApiDocument',
    summary: 'This API as an OpenAPI 3.1 document',
    description:
      'With schemas and operations per model. Its ETag changes when the contract or the best run of a model does.',
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
  getDocument(@Res({ passthrough: true }) response: Response): string {
    return send(this.docs.getDocument(), response);
  }

  @Get('postman.json')
  @NoEnvelope()
  @ApiOperation({
    operationId: 'getPostmanCollection',
    summary: 'This API as a Postman collection',
    description:
      'Format v2.1: a folder per section, a filled-in request with a test per operation, the address in the variable `baseUrl`.',
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
  async getCollection(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<string> {
    return send(await this.docs.getCollection(baseUrl(headOf(request), this.config)), response);
  }
}

/** Clients may keep it but must ask whether it is still the same: Express answers 304 by the ETag. */
function send({ text, etag }: DocumentText, response: Response): string {
  response.setHeader('ETag', etag);
  response.setHeader('Cache-Control', 'no-cache');
  return text;
}
