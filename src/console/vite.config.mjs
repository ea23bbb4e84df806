import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const GROUPS = [
  { name: 'first', test: /src\/console\/main\.tsx$/, priority: 2 },
  { name: 'later', test: /src\/console\/(screens|parts)\//, priority: 1 },
];
const NOTHING = fileURLToPath(new URL('./api/unused-parts.ts', import.meta.url));
/** Parts of query-core and of Vite that are always asked for and that this page never uses: 2 KB of what everybody loads. */
const UNUSED = [/^\.\/(mutationCache|infiniteQueryBehavior)\.js$/, /^.?vite\/preload-helper\.js$/];

// No plugin: the bundler compiles JSX by itself, as tsconfig.json says. `./`: the page is served under any path, and what it
// loads stands beside it.
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  publicDir: false,
  logLevel: 'warn',
  resolve: { alias: UNUSED.map((find) => ({ find, replacement: NOTHING })) },
  build: {
    outDir: fileURLToPath(new URL('../../dist/console', import.meta.url)),
    emptyOutDir: true,
    target: ['chrome125', 'firefox128', 'safari18'],
    // The policy of the page takes nothing from a `data:` address but images.
    assetsInlineLimit: 0,
    sourcemap: false,
    // One file for the styles, one for what everybody loads, one for all that is opened later: cut into forty, one for each page and
    // what some have in common, the same was 156 KB instead of 136; in two for who looks and who builds it is 1.7 KB more.
    cssCodeSplit: false,
    modulePreload: false,
    rolldownOptions: { output: { codeSplitting: { groups: GROUPS } } },
  },
});
