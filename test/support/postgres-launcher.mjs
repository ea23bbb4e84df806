import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transform } from '@swc/core';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/**
 * The demo's launcher, straight from its source. Jest's globalSetup runs outside jest's transform, and taking it from
 * `dist` would make the tests depend on a build that may be old, missing, or being rewritten right now.
 */
export async function loadLauncher() {
  const cache = join(root, 'node_modules', '.cache', 'nestjs-crm-automation');
  await mkdir(cache, { recursive: true });
  for (const path of ['free-port', 'postgres/postgres-binaries', 'postgres/postgres-data', 'postgres/embedded-postgres']) {
    const name = basename(path);
    const source = await readFile(join(root, 'src', 'demo', `${path}.ts`), 'utf8');
    const { code } = await transform(source, { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } });
    // `node_modules/.cache` has no package.json that says "module"; hence .mjs, in the imports too. Renamed into place for parallel runs.
    const draft = join(cache, `${name}.${process.pid}.tmp`);
    await writeFile(draft, code.replaceAll(/(['"])\.\.?\/([\w-]+)\.js\1/g, "'./$2.mjs'"));
    await rename(draft, join(cache, `${name}.mjs`));
  }
  return import(pathToFileURL(join(cache, 'embedded-postgres.mjs')).href);
}
