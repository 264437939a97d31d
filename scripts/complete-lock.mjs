/**
 * Adds to package-lock.json the platform packages that its packages name and npm left out.
 *
 * npm drops an optional platform package from the lock when the registry in use lacks it, and `npm ci` then refuses the
 * lock on other systems. An entry without address or checksum is enough for npm to install it where it fits.
 * Run after every change of dependencies (`npm run lock`); a second run changes nothing, which a test checks.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { projectRoot } from './lib/project.mjs';

const systems = 'darwin win32 linux android freebsd openharmony openbsd netbsd sunos aix'.split(' ');
const processors = 'arm64 x64 ia32 arm ppc64 s390x riscv64 loong64 wasm32 mips64el'.split(' ');

/** The lock with the missing platform packages added, its packages in npm's order. */
export function completeLock(lock) {
  const packages = { ...lock.packages };
  for (const [path, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (!/^\d+\.\d+\.\d+/.test(version)) continue; // a range is no platform package: those are pinned exactly
      const top = `node_modules/${name}`;
      const nested = path ? `${path}/node_modules/${name}` : top;
      if (packages[nested] || packages[top]?.version === version) continue;
      const words = name.split(/[-/]/);
      const os = systems.find((word) => words.includes(word));
      const cpu = processors.find((word) => words.includes(word));
      if (!os && !cpu) continue;
      packages[packages[top] ? nested : top] = {
        version,
        ...(cpu && { cpu: [cpu] }),
        ...(entry.dev && { dev: true }),
        optional: true,
        ...(os && { os: [os] }),
      };
    }
  }
  const { '': root, ...rest } = packages;
  const sorted = Object.entries(rest).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { ...lock, packages: { '': root, ...Object.fromEntries(sorted) } };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const file = join(projectRoot, 'package-lock.json');
  writeFileSync(file, `${JSON.stringify(completeLock(JSON.parse(readFileSync(file, 'utf8'))), null, 2)}\n`);
}
