import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';

import { ConfigError, loadConfig } from './load-config.js';

const issuesOf = (environment: Record<string, string>): readonly string[] => {
  try {
    loadConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
};

describe('loadConfig', () => {
  it('needs no variable at all', () => {
    const config = loadConfig({});

    expect(config).toMatchObject({
      port: 5000,
      host: '0.0.0.0',
      workers: 1,
      bodyLimitBytes: 10_485_760,
      corsOrigins: '*',
    });
    expect(isAbsolute(config.modelsDir)).toBe(true);
    expect(config.inferenceThreads).toBeGreaterThanOrEqual(2);
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('takes an empty variable for absent, but for CORS_ORIGINS, where empty means none', () => {
    expect(loadConfig({ PORT: '', PUBLIC_URL: '', DEFAULT_MODEL: '' })).toMatchObject({
      port: 5000,
      publicUrl: undefined,
    });
    expect(loadConfig({ CORS_ORIGINS: '' }).corsOrigins).toEqual([]);
  });

  it('converts numbers, switches, lists and addresses', () => {
    expect(
      loadConfig({
        PORT: ' 8080 ',
        TRUST_PROXY: 'true',
        LOG_REQUESTS: 'false',
        CORS_ORIGINS: 'https://a.example , http://localhost:3000',
        PUBLIC_URL: 'https://api.example/ml//',
        INFERENCE_THREADS: '3',
      }),
    ).toMatchObject({
      port: 8080,
      trustProxy: true,
      logRequests: false,
      corsOrigins: ['https://a.example', 'http://localhost:3000'],
      publicUrl: 'https://api.example/ml',
      inferenceThreads: 3,
    });
  });

  it('reads how MLflow is reached, and both ways of saying who asks', () => {
    const { sources, mlflow } = loadConfig({
      SOURCES: ' mlflow , directory',
      MLFLOW_TRACKING_URI: 'http://mlflow:5000/base/',
      MLFLOW_TRACKING_TOKEN: 'abc',
      MLFLOW_MODELS: 'titanic@champion',
      MLFLOW_EXPERIMENTS: '',
    });

    expect(sources).toEqual(['mlflow', 'directory']);
    expect(mlflow).toMatchObject({
      trackingUri: 'http://mlflow:5000/base/',
      authorization: 'Bearer abc',
      experiments: [],
      models: [{ name: 'titanic', alias: 'champion' }],
      requestTimeoutMs: 30_000,
    });
    expect(loadConfig({}).mlflow.experiments).toEqual([{ name: undefined }]);
    expect(loadConfig({ MLFLOW_TRACKING_USERNAME: 'u', MLFLOW_TRACKING_TOKEN: 't' }).mlflow.authorization).toBe(
      'Basic dTo=',
    );
  });

  it.each([
    ['PORT', ['x', '-1', '65536', '1.5', '0x10', '1e3', 'NaN']],
    ['ALLOW_EMPTY', ['1']],
    ['FAST_PATH', ['no']],
    ['HOST', ['a b', 'http://x', '/']],
    ['MODELS_DIR', [' ']],
    ['SOURCES', ['folder', 'mlflow;directory', 'mlflow,mlflow,mlflow']],
    [
      'MLFLOW_TRACKING_URI',
      ['ftp://a', 'postgresql://u:p@h/db', 'http://u:a/b@h:1', 'http://u:100%p@h', 'http://h:99999999'],
    ],
    ['MLFLOW_TRACKING_TOKEN', ['a b']],
    ['MLFLOW_EXPERIMENTS', ['a?colour=red', 'a?goal=best']],
    ['MLFLOW_MODELS', ['a@b@c', '?metric=x']],
    ['MLFLOW_HTTP_REQUEST_TIMEOUT', ['0', '30s']],
    ['MLFLOW_HTTP_REQUEST_MAX_RETRIES', ['-1', '21']],
    ['MLFLOW_CACHE_DIR', [' ']],
    ['MLFLOW_MAX_MODEL_BYTES', ['0', '4GB']],
    ['DEFAULT_MODEL', ['Titanic', 'a b', '-a', '../x']],
    ['WORKERS', ['0', '257', 'many']],
    ['INFERENCE_THREADS', ['-1', '257']],
    ['BODY_LIMIT_BYTES', ['1023', '10MB', '1073741825']],
    ['MAX_ROWS_PER_REQUEST', ['0']],
    ['PREDICTION_TIMEOUT_MS', ['0', '30s']],
    ['MODEL_LOAD_TIMEOUT_MS', ['999']],
    ['REQUEST_TIMEOUT_MS', ['999']],
    ['SHUTDOWN_DELAY_MS', ['-1']],
    ['SHUTDOWN_GRACE_MS', ['-1']],
    ['MAX_QUEUED_REQUESTS', ['0']],
    ['MAX_EXTRA_RUNS', ['0']],
    ['REFRESH_INTERVAL_MS', ['-1', '10s', '86400001']],
    ['REFRESH_SETTLE_MS', ['-1']],
    ['ADMIN_API_KEY', ['too-short', 'with a space in the middle', 'größer-als-ascii-ist']],
    ['CORS_ORIGINS', ['localhost', 'https://a/b', '*,https://a', 'ftp://a']],
    ['PUBLIC_URL', ['x', 'ftp://a', '//a']],
    ['TRUST_PROXY', ['-1', 'yes', 'TRUE', '10.0.0.0/40', '10.0.0.1;10.0.0.2', '100', 'https']],
    ['LOG_LEVEL', ['loud', 'INFO']],
    ['LOG_REQUESTS', ['0']],
  ])('refuses a bad %s by name and rule, without its value', (name, values) => {
    for (const value of values) {
      const issues = issuesOf({ [name]: value });
      expect([value, issues.length]).toEqual([value, 1]);
      expect(issues[0]).toMatch(new RegExp(`^${name} must `));
      if (value.length > 3) expect(issues[0]).not.toContain(value);
    }
  });

  it.each(['PORT', 'WORKERS', 'MLFLOW_HTTP_REQUEST_TIMEOUT', 'REFRESH_INTERVAL_MS', 'MLFLOW_MAX_MODEL_BYTES'])(
    'says of a %s that is no number that it must be one, and between which bounds',
    (name) => {
      expect(issuesOf({ [name]: 'abc' })).toEqual([
        expect.stringMatching(new RegExp(`^${name} must be a whole number from \\d+ to \\d+$`)),
      ]);
    },
  );

  it('names all bad variables at once', () => {
    expect(issuesOf({ PORT: 'x', WORKERS: 'x', LOG_LEVEL: 'x' })).toHaveLength(3);
  });

  describe('a secret in a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bestrun-secrets-'));
    afterAll(() => rmSync(folder, { recursive: true }));
    const write = (content: string) => {
      writeFileSync(join(folder, 'secret'), content);
      return join(folder, 'secret');
    };

    it.each(['a-key-of-sixteen-signs', 'a-key-of-sixteen-signs\n', 'a-key-of-sixteen-signs\r\n'])(
      'is the content of the file without the line break at its end',
      (content) => {
        const file = write(content);
        const { adminApiKey, mlflowWebhookSecret } = loadConfig({
          ADMIN_API_KEY_FILE: file,
          MLFLOW_WEBHOOK_SECRET_FILE: file,
        });
        expect([adminApiKey, mlflowWebhookSecret]).toEqual(['a-key-of-sixteen-signs', 'a-key-of-sixteen-signs']);
        expect(loadConfig({ MLFLOW_TRACKING_TOKEN_FILE: file }).mlflow.authorization).toBe(
          'Bearer a-key-of-sixteen-signs',
        );
        expect(
          loadConfig({ MLFLOW_TRACKING_USERNAME: 'u', MLFLOW_TRACKING_PASSWORD_FILE: write('p\n') }).mlflow
            .authorization,
        ).toBe('Basic dTpw');
      },
    );

    it('is refused beside the secret itself, unless one of the two is empty', () => {
      const file = write('a-key-of-sixteen-signs');
      expect(issuesOf({ ADMIN_API_KEY: 'another-key-of-16-signs', ADMIN_API_KEY_FILE: file })).toEqual([
        'ADMIN_API_KEY_FILE must not be set beside ADMIN_API_KEY',
      ]);
      expect(issuesOf({ ADMIN_API_KEY: '', ADMIN_API_KEY_FILE: file })).toEqual([]);
      expect(issuesOf({ ADMIN_API_KEY: 'another-key-of-16-signs', ADMIN_API_KEY_FILE: '' })).toEqual([]);
    });

    it('is named by its variable when it cannot be read or used, never by its content', () => {
      expect(issuesOf({ ADMIN_API_KEY_FILE: join(folder, 'nowhere') })).toEqual([
        'ADMIN_API_KEY_FILE must name a file that can be read (ENOENT)',
      ]);
      expect(issuesOf({ MLFLOW_TRACKING_TOKEN_FILE: folder })).toEqual([
        'MLFLOW_TRACKING_TOKEN_FILE must name a file that can be read (EISDIR)',
      ]);
      expect(issuesOf({ ADMIN_API_KEY_FILE: write('short') })).toEqual([
        'ADMIN_API_KEY (from ADMIN_API_KEY_FILE) must be at least 16 characters of ASCII without spaces',
      ]);
    });
  });
});
