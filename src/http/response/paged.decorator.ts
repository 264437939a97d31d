import { UseInterceptors } from '@nestjs/common';

import { PageLinksInterceptor } from './page-links.interceptor.js';

/** The handler returns a `Page`: its content is sent, with a `Link` header that leads to the other pages. */
export const Paged = () => UseInterceptors(PageLinksInterceptor);
