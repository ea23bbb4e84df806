// Turns the processes of the fault tests, as the compiler wrote them, into one file each and what they share, with Nest
// in it: a process that looks for 1,500 files takes 2.1 s of the processor to load, one like this 1.1 s, and a run of
// `npm test` starts a hundred. What the benchmarks start stays as it is, as in a host.
import { readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, join } from 'node:path';
import { rolldown } from 'rolldown';

const folder = join('dist-programs', 'test', 'faults', 'programs');
const programs = readdirSync(folder).filter((name) => name.endsWith('.js'));
const bundled = /^(@nestjs\/|rxjs(\/|$))/;

const bundle = await rolldown({
  input: Object.fromEntries(programs.map((name) => [basename(name, '.js'), `./${join(folder, name)}`])),
  platform: 'node',
  external: (id) => isBuiltin(id) || (/^[@a-z]/i.test(id) && !bundled.test(id)),
  treeshake: false,
  onLog: () => undefined,
  // Packages that Nest loads when it needs them.
  plugins: [{ name: 'as-needed', resolveDynamicImport: (id) => (/^[@a-z]/i.test(id) ? { id, external: true } : null) }],
});
await bundle.write({
  dir: folder,
  format: 'es',
  keepNames: true,
  entryFileNames: '[name].js',
  chunkFileNames: 'shared/[name].js',
  sourcemap: false,
});
await bundle.close();
