import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';

import { NoEnvelope } from '../http/envelope/no-envelope.decorator.js';
import { ChecksAccept } from '../http/request/accept.guard.js';
import { ResponseHeaders } from '../http/response/response-headers.decorator.js';
import { AppError } from '../domain/app-error.js';
import { findAsset, sendAsset } from './assets.js';
import { REDOC, SWAGGER_UI, renderPage } from './pages.js';
import type { DocsPage } from './pages.js';

const html = (description: string, example: string) =>
  ApiResponse({ status: 200, description, content: { 'text/html': { schema: { type: 'string' }, example } } });

/** The API description for people. Everything the pages load is served from here. */
@ApiTags('Documentation')
@Controller()
@ChecksAccept()
export class PagesController {
  @Get('docs')
  @ResponseHeaders(() => pageHeaders(SWAGGER_UI))
  @NoEnvelope()
  @ApiOperation({ operationId: 'getSwaggerUi', summary: 'This API to read and to try out (Swagger UI)' })
  @html('The page.', '<!doctype html><title>bestrun - Swagger UI</title>')
  getSwaggerUi(): string {
    return renderPage(SWAGGER_UI);
  }

  @Get('redoc')
  @ResponseHeaders(() => pageHeaders(REDOC))
  @NoEnvelope()
  @ApiOperation({ operationId: 'getRedoc', summary: 'This API to read (ReDoc)' })
  @html('The page.', '<!doctype html><title>bestrun - ReDoc</title>')
  getRedoc(): string {
    return renderPage(REDOC);
  }

  @Get(['docs/assets/:file', 'redoc/assets/:file'])
  @NoEnvelope()
  @ApiExcludeEndpoint()
  getAsset(@Param('file') name: string, @Req() request: Request, @Res() response: Response): void {
    const asset = findAsset(name);
    if (!asset) throw new AppError('ROUTE_NOT_FOUND', { path: request.path.slice(0, 200) });
    sendAsset(asset, request, response);
  }
}

function pageHeaders(page: DocsPage): Readonly<Record<string, string>> {
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': page.policy,
    'Cache-Control': 'no-cache',
  };
}
