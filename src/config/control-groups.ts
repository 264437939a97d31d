import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/**
 * Folders of the control groups around this process, its own first, then each that it lies in.
 *
 * Lines of `/proc/self/cgroup` are `id:controllers:path`; version 2 has one without controllers. A container may not
 * see the path that stands there: its own group is the outermost folder then, which is always among these.
 *
 * @param root  of the file system; for tests.
 */
export function controlGroupFolders(controller: string, root = '/'): string[] {
  const lines = textOf(join(root, 'proc/self/cgroup'))?.split('\n') ?? [];
  return lines.flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) return [];
    if (controllers === '') return folderAndParents(join(root, 'sys/fs/cgroup'), path);
    const isOwn = controllers!.split(',').includes(controller);
    return isOwn ? folderAndParents(join(root, 'sys/fs/cgroup', controller), path) : [];
  });
}

function folderAndParents(mount: string, path: string): string[] {
  const paths = [posix.normalize(path)];
  while (paths.at(-1) !== '/') paths.push(posix.dirname(paths.at(-1)!));
  return paths.map((each) => join(mount, each));
}

/** What a file of the kernel says; undefined where there is none. */
export function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
