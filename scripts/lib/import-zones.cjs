/**
 * The directions of imports in `src`, written here and nowhere else: ESLint enforces them (`eslint.config.mjs`), a test
 * checks that every folder has a row, and docs/architecture.md draws the first table.
 */

/** Folders of `src` and what each may import besides itself. `main.ts`, `app.module.ts` and `bootstrap` may import all. */
const FOLDERS = {
  lib: [],
  domain: ['lib'],
  config: ['lib', 'domain'],
  logging: ['lib', 'config', 'version.ts'],
  sources: ['lib', 'domain', 'config'],
  codec: ['lib', 'domain'],
  engines: ['lib', 'domain', 'config'],
  'row-reading': ['lib', 'domain', 'codec'],
  preprocessing: ['lib', 'domain', 'config'],
  registry: ['lib', 'domain', 'config', 'sources', 'codec', 'engines', 'preprocessing', 'row-reading'],
  http: ['lib', 'domain', 'config', 'logging'],
  health: ['lib', 'domain', 'config', 'http', 'registry', 'version.ts'],
  models: ['lib', 'domain', 'config', 'http', 'registry'],
  runs: ['lib', 'domain', 'config', 'http', 'registry'],
  predictions: ['lib', 'domain', 'config', 'http', 'registry', 'row-reading'],
  docs: ['lib', 'domain', 'config', 'http', 'registry', 'version.ts'],
};

/** Folders inside a folder, and what beside them each may import; the files beside them may import all. */
const INSIDE = {
  codec: {
    text: [],
    validate: ['rows.ts'],
    encode: ['text', 'validate', 'rows.ts', 'tensor-mismatch.ts'],
    decode: ['encode', 'validate', 'rows.ts', 'tensor-mismatch.ts'],
    // Checks and encodes in one generated function what is plainly right, and writes answers by another.
    generated: ['validate', 'decode'],
  },
  engines: {
    batching: ['inference-engine.ts', 'model-host.ts'],
    onnx: ['inference-engine.ts', 'engine-text.ts'],
    // Both formats are protobuf.
    tfjs: ['inference-engine.ts', 'engine-text.ts', 'onnx/graph/protobuf-file.ts'],
    worker: ['inference-engine.ts', 'engine-catalog.ts'],
    // The one folder that computes on the main thread; it imports the engine when a model has proven itself.
    inline: ['inference-engine.ts', 'worker/compute-rows.ts', 'onnx/onnx-engine.ts'],
    memory: ['inference-engine.ts'],
    // The two files that set switches of the native libraries before anything loads them.
    pool: [
      'batching',
      'memory',
      'worker',
      'inline',
      'inference-engine.ts',
      'model-host.ts',
      'onnx/no-telemetry.ts',
      'tfjs/native-logging.ts',
    ],
    trial: ['pool', 'worker', 'memory', 'inference-engine.ts', 'model-host.ts'],
  },
  registry: {
    policy: [],
    contract: [],
    trials: [],
    loading: ['contract', 'trials'],
    state: ['policy', 'loading', 'contract'],
    history: ['contract', 'state'],
    selection: ['policy', 'state'],
    promotion: ['policy', 'contract', 'loading', 'state', 'history', 'selection'],
    refresh: ['policy', 'contract', 'loading', 'state', 'history', 'selection', 'promotion'],
  },
};

module.exports = { FOLDERS, INSIDE };
