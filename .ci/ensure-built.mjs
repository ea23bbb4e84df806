// Runs `npm run build` unless dist is newer than all that it is made of, so that `npm start` and `npm test` never run an
// old build and a second start does not wait for one.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const SOURCES = [
  'src',
  'migrations',
  '.ci/bundle.mjs',
  '.ci/late-modules.mjs',
  'package.json',
  'package-lock.json',
  'nest-cli.json',
  'tsconfig.json',
  'tsconfig.build.json',
];

/** When the path, or anything under it, last changed. A folder changes when a file in it comes or goes. */
function changedAt(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => changedAt(join(path, name))));
}

/** The last file of a build; one with errors writes nothing. */
const built = statSync('dist/cjs/package.json', { throwIfNoEntry: false })?.mtimeMs ?? 0;
if (Math.max(...SOURCES.map(changedAt)) >= built) {
  const { status } = spawnSync('npm', ['run', 'build'], { stdio: 'inherit', shell: process.platform === 'win32' });
  process.exitCode = status ?? 1;
}
