import { aFakeRegistry } from '../../test/support/registry/fake-registry.js';
import type { RefreshService } from '../registry/refresh/refresh.service.js';
import { ReadinessService } from './readiness.service.js';

const refreshService = { statuses: [], checks: [] } as unknown as RefreshService;
const computeProblem = '7 threads compute predictions that do not end, and no more are started.';

describe(ReadinessService.name, () => {
  it('is alive and ready while there are threads that compute, however many hang', () => {
    const threadCounts = { configured: 3, working: 3, stuck: 2 };
    const readiness = new ReadinessService(aFakeRegistry({ threadCounts }), refreshService);

    expect(readiness.getLiveness()).toEqual({});
    expect(readiness.requireReady()).toMatchObject({
      status: 'ok',
      problems: [],
      threads: threadCounts,
      models: [{ ready: true }],
    });
  });

  it('is neither alive nor ready, and says of no model that it is, when too many hang to start others', () => {
    const readiness = new ReadinessService(aFakeRegistry({ computeProblem }), refreshService);
    const refusal = { code: 'NOTHING_TO_SERVE', details: { reason: computeProblem } };

    expect(() => readiness.getLiveness()).toThrow(expect.objectContaining(refusal));
    expect(() => readiness.requireReady()).toThrow(expect.objectContaining(refusal));
    expect(readiness.getHealth()).toMatchObject({
      status: 'degraded',
      problems: [{ part: 'threads', name: null, message: computeProblem }],
      models: [{ ready: false }],
    });
  });

  it('is ready where the system does not say how much memory the process takes: it may open no more files', () => {
    const rss = jest.spyOn(process.memoryUsage, 'rss').mockImplementation(() => {
      throw new Error('EMFILE: too many open files, uv_resident_set_memory');
    });
    const readiness = new ReadinessService(aFakeRegistry({}), refreshService);

    expect(readiness.requireReady()).toMatchObject({ status: 'ok', memory: { process_bytes: null } });
    rss.mockRestore();
  });
});
