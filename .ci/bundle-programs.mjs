// Turns the processes of the fault tests, as the compiler wrote them, into one file each and what they share, with Nest,
// TypeORM and whatever else they load in it: a process that looks for 2,500 files takes 2.1 s of the processor to load,
// one like this 0.7 s, and a run of `npm test` starts forty. What the benchmarks start stays as it is, as in a host.
import { readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, join } from 'node:path';
import { rolldown } from 'rolldown';

const folder = join('dist-programs', 'test', 'faults', 'programs');
const programs = readdirSync(folder).filter((name) => name.endsWith('.js'));
/** Loaded as they are: patched by the programs, or read by others at a path of their own. */
const external = new Set(['pg', 'reflect-metadata', 'class-transformer']);

const bundle = await rolldown({
  input: Object.fromEntries(programs.map((name) => [basename(name, '.js'), `./${join(folder, name)}`])),
  platform: 'node',
  external: (id) => isBuiltin(id) || external.has(id),
  treeshake: false,
  onLog: () => undefined,
  plugins: [
    {
      name: 'as-needed',
      // What our own code requires when it is first used comes from the bundle too, and not a second time from its folder.
      transform: (code) => code.replace('const require = createRequire(import.meta.url);', ''),
    },
  ],
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
