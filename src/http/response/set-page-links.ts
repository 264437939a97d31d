import type { Request, Response } from 'express';

import { pageLinks } from './page-links.js';
import type { Page } from './page-links.js';
import { requestUrl } from '../request/request-url.js';

/** Puts the `Link` header of a page on the answer and gives the list on. */
export function setPageLinks<T>(
  { list, page }: { readonly list: T; readonly page: Page },
  request: Request,
  response: Response,
  publicUrl: string | undefined,
): T {
  const links = pageLinks(requestUrl(request, publicUrl), page);
  if (links !== undefined) response.setHeader('Link', links);
  return list;
}
