import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

// No plugin: the bundler compiles JSX by itself, as tsconfig.json says. `./`: the page is served under any path, and what it
// loads stands beside it.
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  publicDir: false,
  logLevel: 'warn',
  build: {
    outDir: fileURLToPath(new URL('../../dist/console', import.meta.url)),
    emptyOutDir: true,
    target: ['chrome125', 'firefox128', 'safari18'],
    modulePreload: { polyfill: false },
    // The policy of the page takes nothing from a `data:` address but images.
    assetsInlineLimit: 0,
    sourcemap: false,
    // What everybody loads is one file: cut in two it is larger by what the two have in common.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'first', test: /src\/console\/main\.tsx$/ }] } } },
  },
});
