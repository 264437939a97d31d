import type { Request, Response } from 'express';

import { headOf } from '../request/express-head.js';
import { requestUrl } from '../request/request-url.js';
import type { UrlOptions } from '../request/request-url.js';
import { pageLinks } from './page-links.js';
import type { Page } from './page-links.js';

/** Puts the `Link` header of a page on the answer and gives the list on. */
export function setPageLinks<T>(
  { list, page }: { readonly list: T; readonly page: Page },
  request: Request,
  response: Response,
  options: UrlOptions,
): T {
  const links = pageLinks(requestUrl(headOf(request), options), page);
  if (links !== undefined) response.setHeader('Link', links);
  return list;
}
