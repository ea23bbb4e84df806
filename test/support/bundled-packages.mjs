import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/**
 * What test files load most of. All that share instances with each other are here, and with `internal` what they
 * import of each other, so that none of it is loaded a second time from its own folder.
 */
const PACKAGES = [
  ...['common', 'common/internal', 'core', 'core/internal', 'testing', 'event-emitter', 'schedule', 'swagger', 'terminus', 'typeorm'],
  'platform-express',
].map((name) => `@nestjs/${name}`);
PACKAGES.push('typeorm', 'class-validator', 'rxjs', 'rxjs/operators', 'supertest', 'handlebars');

/** Loaded as they are: patched by tests, of effect on everybody, read by others at paths of its own. */
const EXTERNAL = ['pg', 'reflect-metadata', 'class-transformer'];

/**
 * Jest loads all modules anew for each test file, and these packages are 2,000 files: more than half of what a file with an
 * application costs. So they are bundled, once for each package-lock.json, one file a package and what they share.
 * @returns the moduleNameMapper that leads to them.
 */
export async function bundledPackages() {
  const hash = createHash('sha256');
  for (const file of [join(root, 'package-lock.json'), fileURLToPath(import.meta.url)]) hash.update(await readFile(file));
  const cache = join(root, 'node_modules', '.cache', 'nestjs-crm-automation');
  const folder = join(cache, `packages-${hash.digest('hex').slice(0, 16)}`);
  if (!existsSync(folder)) await bundle(cache, folder);
  return { [`^(${PACKAGES.join('|')})$`]: `${folder}/$1.cjs` };
}

async function bundle(cache, folder) {
  await mkdir(cache, { recursive: true });
  const draft = `${folder}.${process.pid}.tmp`;
  const made = await rolldown({
    input: Object.fromEntries(PACKAGES.map((name) => [name, name])),
    cwd: root,
    platform: 'node',
    // Nest finds out at run time which of its optional packages are there.
    external: (id) => isBuiltin(id) || EXTERNAL.includes(id),
    treeshake: false,
    onLog: () => undefined,
    // Packages that are loaded when they are needed: those of them that are bundled are files of their own, which Jest finds.
    plugins: [{ name: 'as-needed', resolveDynamicImport: (id) => (/^[@a-z]/i.test(id) ? { id, external: true } : null) }],
  });
  const names = { entryFileNames: '[name].cjs', chunkFileNames: 'shared/[name].cjs' };
  // Decorators need it before anything else; shared files know no order with what is outside of them.
  await made.write({ dir: draft, format: 'cjs', ...names, banner: "require('reflect-metadata');" });
  await made.close();
  // Renamed into place for parallel runs; whoever comes second keeps the first one's.
  await rename(draft, folder).catch(() => rm(draft, { recursive: true }));
}
