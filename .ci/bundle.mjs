// Turns dist as the compiler wrote it into what is shipped: each entry of the package as one file, and what entries share
// in a few more, because a host that imports the package would otherwise look for and open 350 files. In dist/cjs as
// CommonJS, and as ES modules for bundlers and for Jest, which cannot require the ES modules that Nest 12 consists of.
// Node itself loads the CommonJS files, whether they are imported or required (see `module-sync` in package.json's exports,
// which nothing else sets, and node.js, which is written here): a process that does both has the library once, and Node
// takes three times as long for CommonJS dependencies that are imported by an ES module.
// Packages stay imports, and nothing is minified or renamed: stack traces name our functions, and a comment each file.
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { rolldown } from 'rolldown';

const ENTRIES = ['src/index', 'src/testing/index', 'src/cli/main'];
const ours = ['src', 'migrations'].flatMap((folder) =>
  readdirSync(join('dist', folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.startsWith(join('dist', 'src', 'demo'))),
);

const bundle = await rolldown({
  input: Object.fromEntries(ENTRIES.map((entry) => [entry, `./dist/${entry}.js`])),
  platform: 'node',
  external: (id) => !id.startsWith('.') && !id.startsWith('/') && !/^[A-Z]:/i.test(id),
  // Decorators work by side effects; there is nothing to gain.
  treeshake: false,
});
const output = { keepNames: true, chunkFileNames: 'src/shared/[name].js', sourcemap: false };
const built = await bundle.generate({ ...output, format: 'es' });
// Where `import()` is not to be had, Jest among them, it becomes `require`.
const commonjs = await bundle.generate({ ...output, format: 'cjs', dynamicImportInCjs: false });
await bundle.close();

for (const file of ours.filter((path) => /\.js(\.map)?$/.test(path))) rmSync(file);
rmSync('dist/cjs', { recursive: true, force: true });
for (const file of ours.filter((path) => path.endsWith('.d.ts'))) cpSync(file, join('dist', 'cjs', file.slice('dist/'.length)));
for (const [folder, chunks] of [
  ['dist', built],
  [join('dist', 'cjs'), commonjs],
]) {
  for (const { fileName, code } of chunks.output) {
    mkdirSync(dirname(join(folder, fileName)), { recursive: true });
    writeFileSync(join(folder, fileName), code);
  }
}
for (const entry of built.output.filter(({ isEntry, exports }) => isEntry && exports.length > 0)) {
  const folder = dirname(entry.fileName);
  const commonjsFile = relative(folder, join('cjs', entry.fileName)).split(sep).join('/');
  writeFileSync(
    join('dist', folder, 'node.js'),
    `import { createRequire } from 'node:module';\n\nexport const {\n  ${entry.exports.join(',\n  ')},\n} = createRequire(import.meta.url)('${commonjsFile}');\n`,
  );
}
writeFileSync('dist/cjs/package.json', `${JSON.stringify({ type: 'commonjs' })}\n`);
