import { missingMallocSettings, startWithMallocSettings } from './malloc-settings.js';

describe('the settings of the C library', () => {
  const execve = jest.fn();
  const self = {
    env: { PORT: '1' },
    platform: 'linux' as const,
    execPath: '/node',
    execArgv: ['--inspect'],
    argv: ['/node', 'main.js', 'x'],
    execve,
  };
  const settings = { MALLOC_MMAP_THRESHOLD_: '262144', MALLOC_TRIM_THRESHOLD_: '262144' };
  beforeEach(() => execve.mockReset());

  it('are given to the same program in the same process', () => {
    startWithMallocSettings(self);

    expect(execve).toHaveBeenCalledWith('/node', ['/node', '--inspect', 'main.js', 'x'], { PORT: '1', ...settings });
  });

  it('are left alone where they are set, have no meaning, or would cost a channel', () => {
    startWithMallocSettings({ ...self, env: settings });
    startWithMallocSettings({ ...self, env: { MALLOC_TRIM_THRESHOLD_: '1' } });
    startWithMallocSettings({ ...self, platform: 'darwin' });
    startWithMallocSettings({ ...self, send: () => true });
    startWithMallocSettings({ ...self, execve: undefined });

    expect(execve).not.toHaveBeenCalled();
    expect(missingMallocSettings(self)).toEqual(settings);
    expect(missingMallocSettings({ ...self, platform: 'win32' })).toEqual({});
  });
});
