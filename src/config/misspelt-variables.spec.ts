import { findMisspeltVariables } from './misspelt-variables.js';

const meantBy = (name: string) => findMisspeltVariables({ [name]: 'secret' })[0]?.meant;

describe('a variable that is misspelt', () => {
  it.each([
    ['WORKER', 'WORKERS'],
    ['MODEL_DIR', 'MODELS_DIR'],
    ['MODELSDIR', 'MODELS_DIR'],
    ['LOG_LEVLE', 'LOG_LEVEL'],
    ['port', 'PORT'],
    ['HOSTS', 'HOST'],
    ['ADMIN_APIKEY', 'ADMIN_API_KEY'],
    ['ADMIN_API_KEYFILE', 'ADMIN_API_KEY_FILE'],
    ['MLFLOW_EXPERIMENT', 'MLFLOW_EXPERIMENTS'],
    ['PREDICTION_TIMEOUT', 'PREDICTION_TIMEOUT_MS'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['REFRESH_INTERVALL_MS', 'REFRESH_INTERVAL_MS'],
  ])('%s is told to mean %s', (name, meant) => {
    expect(meantBy(name)).toBe(meant);
  });

  it.each([
    'PATH',
    'HOME',
    'HOSTNAME',
    'PWD',
    'USER',
    'SHELL',
    'LANG',
    'TERM',
    'LOGNAME',
    'NODE_ENV',
    'TZ',
    'COLORTERM',
  ])('is not what %s is, which machines set', (name) => {
    expect(meantBy(name)).toBeUndefined();
  });

  it.each([
    ...['MLFLOW_TRACKING_INSECURE_TLS', 'MLFLOW_EXPERIMENT_ID', 'MLFLOW_EXPERIMENT_NAME', 'MLFLOW_RUN_ID'],
    ...['MLFLOW_REGISTRY_URI', 'MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR', 'API_PORT_5000_TCP_PORT', 'API_SERVICE_HOST'],
  ])('is not what %s is, which MLflow and Kubernetes know', (name) => {
    expect(meantBy(name)).toBeUndefined();
  });

  it('is none of our own', () => {
    expect(findMisspeltVariables({ WORKERS: '4', PORT: '1', MLFLOW_TRACKING_TOKEN_FILE: 'x' })).toEqual([]);
  });
});
