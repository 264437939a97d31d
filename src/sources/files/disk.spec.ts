import { HangingDisk } from '../../../test/support/stores/hanging-disk.js';
import { until } from '../../../test/support/until.js';
import { Disk } from './disk.js';

const TIMEOUT = { code: 'ETIMEDOUT' };

describe('a disk that may stop answering', () => {
  let hanging: HangingDisk;
  beforeEach(() => (hanging = new HangingDisk()));
  afterEach(() => hanging.release());

  const make = (options: ConstructorParameters<typeof Disk>[0] = {}) =>
    new Disk({ timeoutMs: 20, fileSystem: hanging.fileSystem, ...options });
  const look = (disk: Disk, place: string) => disk.call(place, (fileSystem) => fileSystem.isLink(place));
  /** Asks until there is an answer: on a busy machine a sound place may take longer than the limit. */
  const untilAnswered = (disk: Disk, place: string) =>
    until(async () => (await look(disk, place).catch(() => undefined)) === false);

  it('gives up what it does not answer, and goes on with everything else', async () => {
    const disk = make({ maxRunning: 1 });
    hanging.hang('/a');

    await expect(look(disk, '/a')).rejects.toMatchObject(TIMEOUT);

    await untilAnswered(disk, '/b');
    expect(disk.hungPlaces).toEqual(['/a']);
  });

  it('does not ask a place again that has not answered, until it does', async () => {
    const disk = make();
    hanging.hang('/a');
    await expect(look(disk, '/a')).rejects.toMatchObject(TIMEOUT);

    await expect(look(disk, '/a')).rejects.toMatchObject(TIMEOUT);
    expect(hanging.asked).toEqual(['/a']);

    hanging.release();
    await until(() => disk.hungPlaces.length === 0);
    await untilAnswered(disk, '/a');
  });

  it('asks nothing more once too many places hang: each of them holds a thread of the process', async () => {
    const disk = make({ maxHung: 2 });
    for (const place of ['/a', '/b']) {
      hanging.hang(place);
      await expect(look(disk, place)).rejects.toMatchObject(TIMEOUT);
    }

    await expect(look(disk, '/c')).rejects.toMatchObject(TIMEOUT);

    hanging.release();
    await until(() => disk.hungPlaces.length === 0);
    await untilAnswered(disk, '/c');
  });

  it('runs no more calls at a time than it may', async () => {
    const disk = make({ maxRunning: 2, timeoutMs: 60_000 });
    hanging.hang('/a');
    const calls = ['/a/1', '/a/2', '/a/3'].map((place) => look(disk, place));
    await until(() => hanging.asked.length === 2);

    hanging.release();
    await Promise.all(calls);
    expect(hanging.asked).toEqual(['/a/1', '/a/2']);
  });

  it('gives what the calls give, and throws what they throw', async () => {
    const disk = make({ timeoutMs: 60_000 });

    expect(await disk.call('/', (fileSystem) => fileSystem.realpath('/'))).toBe('/');
    await expect(disk.call('/', (fileSystem) => fileSystem.stat('/not/there'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});
