import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';

import { NoEnvelope } from '../http/envelope/no-envelope.decorator.js';
import { AppError } from '../domain/app-error.js';
import { findAsset, sendAsset } from './assets.js';
import { REDOC, SWAGGER_UI, renderPage } from './pages.js';
import type { DocsPage } from './pages.js';

const html = (description: string, example: string) =>
  ApiResponse({ status: 200, description, content: { 'text/html': { schema: { type: 'string' }, example } } });

/** The API description for people. Everything the pages load is served from here. */
@ApiTags('Documentation')
@Controller()
export class PagesController {
  @Get('docs')
  @NoEnvelope()
  @ApiOperation({ operationId: 'getSwaggerUi', summary: 'This API to read and to try out (Swagger UI)' })
  @html('The page.', '<!doctype html><title>bestrun - Swagger UI</title>')
  getSwaggerUi(@Res({ passthrough: true }) response: Response): string {
    return send(SWAGGER_UI, response);
  }

  @Get('redoc')
  @NoEnvelope()
  @ApiOperation({ operationId: 'getRedoc', summary: 'This API to read (ReDoc)' })
  @html('The page.', '<!doctype html><title>bestrun - ReDoc</title>')
  getRedoc(@Res({ passthrough: true }) response: Response): string {
    return send(REDOC, response);
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

function send(page: DocsPage, response: Response): string {
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.setHeader('Content-Security-Policy', page.policy);
  response.setHeader('Cache-Control', 'no-cache');
  return renderPage(page);
}
