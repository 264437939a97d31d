import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { TENSORFLOW } from '../../../scripts/build-tfjs-node.mjs';
import { pythonEnvironment } from '../support/python-environment.mjs';

/** The newest MLflow, and the last of 2.x, which SQLAlchemy 2.1 broke. */
const PACKAGES = { 3: ['mlflow==3.17.2'], 2: ['mlflow==2.22.5', 'sqlalchemy<2.1'] };
const requirements = join(import.meta.dirname, 'requirements.txt');

/** The short form of the interop tests: `npm run test:interop -- --ci`. */
export const isShort = process.env.INTEROP_CI === 'true';

/** Major versions that are tried, the slower one first; the newest alone in the short form. */
export const versions = isShort ? ['3'] : Object.keys(PACKAGES).reverse();

/**
 * Python with MLflow, what trains and exports models, and TensorFlow.
 *
 * @param version  major, of MLflow.
 * @param wheel    promise of TensorFlow's file; the other packages do not wait for it. undefined to do without.
 * @returns path of its interpreter.
 */
export function pythonWithMlflow(version, wheel) {
  const wanted = `${PACKAGES[version].join()}\n${readFileSync(requirements, 'utf8')}${wheel ? `tensorflow-cpu ${TENSORFLOW}\n` : ''}`;
  return pythonEnvironment(`mlflow-interop/${version}${wheel ? '' : '-short'}`, wanted, async (pip) => {
    await pip(...PACKAGES[version], '-r', requirements);
    if (wheel) await pip(await wheel);
  });
}

/** Variables of every process of MLflow: it writes file stores, and neither warns of that nor of anything else. */
export const environment = {
  ...process.env,
  MLFLOW_ALLOW_FILE_STORE: 'true',
  MLFLOW_DISABLE_TELEMETRY: 'true',
  PYTHONWARNINGS: 'ignore',
  TF_CPP_MIN_LOG_LEVEL: '3',
};
