// Makes test/support/releases/nestjs-crm-automation-<version>.tgz: a worker process of the demo CRM as the release that is
// checked out runs it, for the fault suite of later releases (F20). Each release makes its own, right before it is tagged:
//
//     npm run build:programs && node test/support/releases/pack.mjs
//
// In it is what the package holds as JavaScript, the demo, and the program that the suite starts (test/faults/programs);
// no types, maps or dependencies: those are taken from the node_modules of the one who unpacks it.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const releases = dirname(fileURLToPath(import.meta.url));
const root = join(releases, '..', '..', '..');
const PROGRAM = 'test/faults/programs/crm-worker.js';

const { name, version, type } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const staged = mkdtempSync(join(tmpdir(), 'nestjs-crm-automation-release-'));
const filter = (path) => !/\.(d\.ts|map|tsbuildinfo)$/.test(path);
// Module by module, as the program imports them; what npm gets is bundled.
for (const folder of ['src', 'migrations', PROGRAM]) {
  cpSync(join(root, 'dist-programs', folder), join(staged, 'dist', folder), { recursive: true, filter });
}
cpSync(join(root, 'templates'), join(staged, 'templates'), { recursive: true });
const manifest = { name, version, type, private: true, license: 'MIT', files: ['dist', 'templates'] };
writeFileSync(join(staged, 'package.json'), JSON.stringify(manifest, null, 2));
// npm writes the same archive for the same files, whatever the machine.
execFileSync('npm', ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', releases], {
  cwd: staged,
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
rmSync(staged, { recursive: true, force: true });
