// Turns dist as the compiler wrote it into what is shipped: each entry of the package as one file, and what entries share
// in a few more, because a host that imports the package would otherwise look for and open 350 files. In dist/cjs as
// CommonJS, and as ES modules for bundlers and for Jest, which cannot require the ES modules that Nest 12 consists of.
// Node itself loads the CommonJS files, whether they are imported or required (see `module-sync` in package.json's exports,
// which nothing else sets, and node.js, which is written here): a process that does both has the library once, and Node
// takes three times as long for CommonJS dependencies that are imported by an ES module.
// Packages stay imports, and nothing is minified or renamed: stack traces name our functions. What costs a host's start goes:
// comments, and every character beyond ASCII, for the sake of 150 of which V8 would keep all of it in two bytes a character.
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { rolldown } from 'rolldown';
import { lateModules } from './late-modules.mjs';

const ENTRIES = ['src/index', 'src/testing/index', 'src/cli/main'];
const ours = ['src', 'migrations'].flatMap((folder) =>
  readdirSync(join('dist', folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.startsWith(join('dist', 'src', 'demo'))),
);

/**
 * Loads uuid when the first id is made: it is a file for each of its functions, and no start needs one. By a module of the
 * bundle's, because it is used all over the place.
 */
const lateUuid = {
  name: 'late-uuid',
  resolveId: (id) => (id === 'uuid' ? '\0late-uuid' : null),
  load: (id) =>
    id === '\0late-uuid'
      ? `import { createRequire } from 'node:module';
         const require = createRequire(import.meta.url);
         let uuid;
         const late = (name) => (...args) => (uuid ??= require('uuid'))[name](...args);
         export const v4 = late('v4'), v5 = late('v5'), v7 = late('v7'), validate = late('validate');`
      : null,
};

/**
 * Puts off what the decorators of DTOs' members say (see src/http/late-rules.ts): statements `__decorate([…], X.prototype, "…",
 * void 0)`, of which the compiler writes one for each. Decorators of methods stay where they are: Nest reads them at start.
 */
const lateRules = {
  name: 'late-rules',
  transform(code, id) {
    if (!id.startsWith(join(process.cwd(), 'dist', 'src', 'http')) || !code.includes('__decorate')) return null;
    const isRule = ({ type, expression }) =>
      type === 'ExpressionStatement' && expression.callee?.name === '__decorate' && expression.arguments[3]?.type === 'UnaryExpression';
    const rules = this.parse(code).body.filter(isRule);
    if (rules.length === 0) return null;
    let late = '';
    let at = 0;
    rules.forEach(({ start, end }, index) => {
      // Those of a class follow each other.
      const isFirst = index === 0 || code.slice(at, start).trim() !== '';
      const isLast = index === rules.length - 1 || code.slice(end, rules[index + 1].start).trim() !== '';
      late += `${code.slice(at, start)}${isFirst ? 'later(() => {' : ''}${code.slice(start, end)}${isLast ? '});' : ''}`;
      at = end;
    });
    const from = JSON.stringify(join(process.cwd(), 'dist', 'src', 'http', 'late-rules.js'));
    return { code: `import { later } from ${from};\n${late}${code.slice(at)}` };
  },
};

const bundle = await rolldown({
  input: Object.fromEntries(ENTRIES.map((entry) => [entry, `./dist/${entry}.js`])),
  platform: 'node',
  plugins: [lateUuid, lateRules],
  external: (id) =>
    id !== 'uuid' && id !== 'tslib' && !id.startsWith('\0') && !id.startsWith('.') && !id.startsWith('/') && !/^[A-Z]:/i.test(id),
  // Decorators work by side effects; there is nothing to gain.
  treeshake: false,
  // Wanted by `groups` below.
  preserveEntrySignatures: 'allow-extension',
});
const output = { keepNames: true, chunkFileNames: 'src/shared/[name].js', sourcemap: false, comments: false };
const built = await bundle.generate({ ...output, format: 'es' });
const late = lateModules(ours);
const commonjs = await bundle.generate({
  ...output,
  format: 'cjs',
  // Where `import()` is not to be had, Jest among them, it becomes `require`.
  dynamicImportInCjs: false,
  codeSplitting: {
    includeDependenciesRecursively: false,
    groups: [
      { name: 'late', test: (id) => late.has(relative('.', id)) },
      // What these may use must not lie with an entry: it would be exported by it.
      { name: 'automation', test: (id) => !/dist.src.(index|testing|cli|http|admin|automation\.(module|providers|capture))\b/.test(id) },
    ],
  },
});
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
    writeFileSync(join(folder, fileName), inAscii(whenUsed(code)));
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

/** Has what CommonJS files take of the late one required when it is first used. */
function whenUsed(code) {
  const load = 'get loaded() { const value = $1; Object.defineProperty(this, "loaded", { value }); return value; }';
  return code
    .replaceAll('require_late.', 'require_late.loaded.')
    .replace(/^const require_late = (require\(.+\));$/m, `const require_late = { ${load} };`);
}

/** In texts, templates and patterns an escape is the character; identifiers and comments have none. */
function inAscii(code) {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
