import { DiskTimeoutError } from '../../files/disk.js';
import type { Disk } from '../../files/disk.js';
import type { FileSystem } from '../../files/file-system.js';
import { StoreUnavailableError } from './mlflow-store.js';

/**
 * Calls of the file system for one place of a store, one after the other: each that is not answered holds a thread.
 *
 * @param place  what hangs together: the folder of a run or of a model.
 * @throws StoreUnavailableError when the disk does not answer in time; what `work` throws.
 */
export async function askDisk<T>(disk: Disk, place: string, work: (fileSystem: FileSystem) => Promise<T>): Promise<T> {
  try {
    return await disk.call(place, work);
  } catch (error) {
    if (!(error instanceof DiskTimeoutError)) throw error;
    throw new StoreUnavailableError('its disk does not answer.', { cause: error });
  }
}
