// Holds the direction of imports: every file may import its own floor and the floors below it, type imports included.
// A new folder or file in src/ needs a floor here; one without is refused.

/** From the ground up. Floors in one entry stand side by side and do not know each other. */
const floors = [
  [
    { name: 'core', path: '^src/core/' },
    { name: 'migrations', path: '^migrations/' },
  ],
  [{ name: 'host', path: '^src/host/' }],
  [
    { name: 'store', path: '^src/store/' },
    { name: 'actions', path: '^src/actions/' },
  ],
  [{ name: 'engine', path: '^src/engine/' }],
  [{ name: 'admin', path: '^src/admin/' }],
  [{ name: 'http', path: '^src/http/' }],
  [{ name: 'options', path: '^src/automation[.](options|parts)[.]ts$' }],
  [{ name: 'module', path: '^src/automation[.](module|providers|capture)[.]ts$' }],
  [{ name: 'index', path: '^src/index[.]ts$' }],
  [
    { name: 'testing', path: '^src/testing/' },
    { name: 'cli', path: '^src/cli/' },
  ],
];
const demo = '^src/demo/';
/** The page for browsers: a program of its own, of which nobody imports anything. */
const page = '^src/console/';
/** Its floors, from the ground up; `api` stands beside `ui`. */
const pageFloors = ['model', 'ui', 'parts', 'screens'];
/** What core, which does no I/O, may take from npm; of cron only what reads expressions and computes with them. */
const pureLibraries = '(^|/)node_modules/(@types/)?(cron|handlebars|luxon|re2js)/';

const floorRules = floors.flatMap((storey, height) =>
  storey.map(({ name, path }) => {
    const below = floors.slice(0, height).flat();
    return {
      name: `floor-${name}`,
      comment: `${name} may import ${[name, ...below.map((floor) => floor.name)].join(', ')} and packages, nothing above or beside it`,
      severity: 'error',
      from: { path },
      to: { path: '^(src|migrations|test)/', pathNot: [path, ...below.map((floor) => floor.path)] },
    };
  }),
);

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...floorRules,
    {
      name: 'console-is-a-page',
      comment: 'the console imports itself and packages; of core it may know types, and of the rest nothing',
      severity: 'error',
      from: { path: page },
      to: { path: '^(src|migrations|test)/', pathNot: [page, '^src/core/'] },
    },
    {
      name: 'console-knows-types-of-core',
      comment: 'what core computes is told by the API: a page of another release would compute otherwise',
      severity: 'error',
      from: { path: page },
      to: { path: '^src/core/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'console-is-nobodys',
      comment: 'the page is served as it was built: nothing on the server imports it',
      severity: 'error',
      from: { path: '^(src|migrations)/', pathNot: page },
      to: { path: page },
    },
    ...pageFloors.slice(0, -1).map((name, height) => ({
      name: `console-${name}`,
      comment: `in the console, ${name} knows nothing of ${pageFloors.slice(height + 1).join(', ')}`,
      severity: 'error',
      from: { path: `${page}${name}/` },
      to: { path: `${page}(${pageFloors.slice(height + 1).join('|')}|frame)/` },
    })),
    {
      name: 'console-api',
      comment: 'what asks the API, and what is drawn, do not know each other',
      severity: 'error',
      from: { path: `${page}(model|ui|api)/` },
      to: { path: `${page}(api|ui)/`, pathNot: `${page}$1/` },
    },
    {
      name: 'core-is-pure',
      comment: 'core imports core and the pure libraries only: no Node modules, Nest, TypeORM or other packages',
      severity: 'error',
      from: { path: '^src/core/', pathNot: '^src/core/libraries[.]ts$' },
      to: { pathNot: ['^src/core/', pureLibraries] },
    },
    {
      name: 'core-loads-late',
      comment: 'the file that loads the libraries of core when they are first used takes from Node what that needs',
      severity: 'error',
      from: { path: '^src/core/libraries[.]ts$' },
      to: { pathNot: ['^(node:)?module$', pureLibraries] },
    },
    {
      name: 'libraries-load-late',
      comment: 'importing the package is to cost little: these libraries are loaded when first used, by the two files libraries.ts',
      severity: 'error',
      from: { path: '^src/', pathNot: [demo, '^src/(core|actions)/libraries[.]ts$'] },
      to: {
        path: '(^|/)node_modules/(cron|handlebars|ipaddr[.]js|luxon|nodemailer|re2js|standardwebhooks|undici)/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'demo-is-a-host',
      comment: 'the demo uses the library as any host does: through src/index.ts',
      severity: 'error',
      from: { path: demo },
      to: { path: '^(src|migrations|test)/', pathNot: [demo, '^src/index[.]ts$'] },
    },
    {
      name: 'cli-without-nest',
      comment: 'the command line runs where a deployment migrates: it starts fast, and needs no application',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { path: 'node_modules/@nestjs/', reachable: true },
    },
    {
      name: 'swagger-is-optional',
      comment: "@nestjs/swagger is the host's choice: its decorators come from src/http/openapi.ts, which does without it",
      severity: 'error',
      from: { path: '^src/', pathNot: [demo, '^src/http/openapi[.]ts$'] },
      to: { path: '(^|/)node_modules/@nestjs/swagger/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'every-file-has-a-floor',
      comment: 'a new folder in src/ gets its floor in .dependency-cruiser.mjs first',
      severity: 'error',
      from: { path: '^src/', pathNot: [demo, page, ...floors.flat().map((floor) => floor.path)] },
      to: {},
    },
    {
      name: 'no-cycles',
      comment: 'two files that need each other are one file, or a third is missing; type imports count',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'optional-packages',
      comment: 'a host may leave these out: http/openapi.ts has the decorators, and what else is needed is loaded by ifInstalled',
      severity: 'error',
      from: { path: '^src/', pathNot: [demo, '^src/http/openapi[.]ts$'] },
      to: { path: '(^|/)node_modules/@nestjs/(swagger|event-emitter)/', dependencyTypesNot: ['type-only'], dynamic: false },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'library-has-its-dependencies',
      comment: 'what the package imports must be its dependency or peer, not a development dependency; types too, they end up in its .d.ts',
      severity: 'error',
      // What the console is made of is bundled into it.
      from: { path: '^(src|migrations)/', pathNot: [demo, page] },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm-peer'],
        // Optional peers by peerDependenciesMeta alone, which pnpm and Yarn read as `*`. With a range npm counts the newest one's
        // own peers in, and refuses to install us where Nest 11 comes with another package.
        pathNot: '(^|/)node_modules/@nestjs/(swagger|event-emitter)/',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|dist-programs|test/packaging)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
