import type { Server } from 'node:http';

import type { NestExpressApplication } from '@nestjs/platform-express';
import cors from 'cors';
import express from 'express';
import type { Request, RequestHandler } from 'express';
import helmet from 'helmet';
import type { HelmetOptions } from 'helmet';
import type { Logger } from 'pino';

import { accessLog, accessLogMiddleware } from '../http/middleware/access-log.middleware.js';
import type { BodyBudget } from '../http/request/body-budget.js';
import { limitConnections } from '../http/server/limit-connections.js';
import { answerClientErrors } from '../http/server/client-error.js';
import { jsonBodyMiddleware } from '../http/middleware/json-body.middleware.js';
import { noStoreMiddleware } from '../http/middleware/no-store.middleware.js';
import { optionsMiddleware } from '../http/middleware/options.middleware.js';
import { clientFacts } from '../http/request/client-facts.js';
import { headOf } from '../http/request/express-head.js';
import { trustOf } from '../http/request/trusted-proxies.js';
import type { RequestHead } from '../http/request/request-head.js';
import { parseQuery } from '../http/request/query-parser.js';
import { requireHostMiddleware } from '../http/middleware/require-host.middleware.js';
import { requestIdMiddleware } from '../http/middleware/request-id.middleware.js';
import { workerIdMiddleware } from '../http/middleware/worker-id.middleware.js';
import { HttpEndpoint } from '../http/endpoint/http-endpoint.js';
import { FastPath } from '../http/fast-path/fast-path.js';
import { commonHeaders } from '../http/response/common-headers.js';
import { PreshapedExpressAdapter } from '../http/server/preshaped-express-adapter.js';
import type { AppConfig } from '../config/app-config.js';

/** Longer than the keep-alive of usual load balancers (60 s), so that they close idle connections first. */
const KEEP_ALIVE_MS = 65_000;

/** Headers that pages of other origins may read. */
const EXPOSED_HEADERS = [
  ...['X-Request-Id', 'X-Error-Code', 'Link', 'Retry-After', 'Server-Timing', 'X-Worker-Id'],
  'Contract-Hash',
  'Allow',
];

/** For JSON, which loads nothing; pages set their own policy. CORP allows all: CORS decides who may read. */
const SECURITY_HEADERS: HelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
  },
  crossOriginResourcePolicy: { policy: 'cross-origin' },
  // Only over https, which helmet does not look at.
  strictTransportSecurity: false,
};

/** Subdomains are left out: they may be other servers, without TLS. */
const STRICT_TRANSPORT = 'max-age=31536000';

/** The HTTP adapter. Its settings must be made before the router exists, which is at the first route. */
export function createAdapter(config: AppConfig): PreshapedExpressAdapter {
  const app = express();
  app.set('case sensitive routing', true);
  app.set('query parser', parseQuery);
  app.set('trust proxy', trustOf(config.trustProxy));
  // Each envelope has its own timestamp, so its hash never matches again.
  app.set('etag', false);
  app.disable('x-powered-by');
  return new PreshapedExpressAdapter(app);
}

/** The middlewares and the server's settings: the same for the server and for the tests. Call before `init()`. */
export function setUpApp(app: NestExpressApplication, config: AppConfig, logger: Logger, bodies: BodyBudget): void {
  const http = app.getHttpAdapter().getInstance();
  const endpoint = app.get(HttpEndpoint);
  const isOfEndpoint = ({ method, path }: Request) => endpoint.hasRoute(method, path);
  app.use(requestIdMiddleware);
  const clientOf = (head: RequestHead) => clientFacts(head, config);
  if (config.logRequests) app.use(accessLogMiddleware(accessLog(logger), clientOf));
  for (const middleware of headerMiddlewares(config, (request) => clientOf(headOf(request)).isHttps))
    app.use(middleware);
  app.use(requireHostMiddleware);
  app.use(optionsMiddleware(http));
  app.use(jsonBodyMiddleware({ limitBytes: config.bodyLimitBytes, budget: bodies }, isOfEndpoint));
  setUpServer(app.getHttpServer(), config, logger);
}

/**
 * Lets the fast path read connections first. Call after `init()`.
 *
 * @returns undefined when it is switched off: Node's server and Express carry everything then.
 */
export function setUpFastPath(
  app: NestExpressApplication,
  config: AppConfig,
  logger: Logger,
  bodies: BodyBudget,
): FastPath | undefined {
  if (!config.fastPath) return undefined;
  return new FastPath(app.getHttpServer(), {
    endpoint: app.get(HttpEndpoint),
    commonHeaders: recordedHeaders(config),
    clientOf: (head) => clientFacts(head, config),
    bodyLimitBytes: config.bodyLimitBytes,
    bodies,
    ...(config.logRequests && { log: accessLog(logger) }),
  });
}

/** The middlewares that set the headers of every answer, on the fast path and on the general path. */
function headerMiddlewares(config: AppConfig, isHttps: (request: Request) => boolean): RequestHandler[] {
  return [
    workerIdMiddleware(),
    helmet(SECURITY_HEADERS),
    (request, response, next) => {
      // Browsers ignore it over plain HTTP, where it must not be sent (RFC 6797, 7.2).
      if (isHttps(request)) response.setHeader('Strict-Transport-Security', STRICT_TRANSPORT);
      next();
    },
    noStoreMiddleware,
    cors({
      origin: originsOf(config),
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
      exposedHeaders: EXPOSED_HEADERS,
      maxAge: 600,
      preflightContinue: true,
    }),
  ];
}

/** The headers of every answer where no middleware runs. */
function recordedHeaders(config: AppConfig): (origin: string | undefined, isHttps: boolean) => string[] {
  const [plain, secure] = [headerMiddlewares(config, () => false), headerMiddlewares(config, () => true)];
  return (origin, isHttps) => commonHeaders(isHttps ? secure : plain, origin);
}

function setUpServer(server: Server, config: AppConfig, logger: Logger): void {
  limitConnections(server, config.maxConnections, logger);
  server.requestTimeout = config.requestTimeoutMs;
  server.headersTimeout = Math.min(60_000, config.requestTimeoutMs);
  // How often Node checks for requests that take too long. Its default of 30 s would delay a shorter limit.
  Reflect.set(server, 'connectionsCheckingInterval', Math.min(30_000, config.requestTimeoutMs / 2));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const headersOf = recordedHeaders(config);
  answerClientErrors(server, (origin) => headersOf(origin, false));
}

function originsOf({ corsOrigins }: AppConfig): string | string[] | false {
  if (corsOrigins === '*') return '*';
  return corsOrigins.length > 0 ? [...corsOrigins] : false;
}
