// Makes dist/cjs from dist: the same modules as CommonJS, for Jest and bundlers that know nothing else. Node itself never
// loads them (see `module-sync` in package.json's exports), so no process has the library twice.
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transformFileSync } from '@swc/core';

const OPTIONS = {
  configFile: false,
  swcrc: false,
  // Beside the format nothing is to change; `import.meta.url` and `import()` become what CommonJS has for them.
  jsc: { parser: { syntax: 'ecmascript' }, target: 'es2023', keepClassNames: true },
  module: { type: 'commonjs' },
};

rmSync('dist/cjs', { recursive: true, force: true });
for (const folder of ['src', 'migrations']) {
  for (const file of readdirSync(join('dist', folder), { recursive: true })) {
    const from = join('dist', folder, file);
    const to = join('dist', 'cjs', folder, file);
    if (from.startsWith(join('dist', 'src', 'demo'))) continue;
    mkdirSync(dirname(to), { recursive: true });
    if (file.endsWith('.d.ts')) cpSync(from, to);
    if (file.endsWith('.js')) writeFileSync(to, transformFileSync(from, OPTIONS).code);
  }
}
writeFileSync('dist/cjs/package.json', `${JSON.stringify({ type: 'commonjs' })}\n`);
