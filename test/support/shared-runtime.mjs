import { Session } from 'node:inspector/promises';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import JestRuntime from 'jest-runtime';
import { SharedEnvironment } from './shared-environment.mjs';

const modules = new Map();
const esModules = new Map();
const transforms = new Map();
let counting;

/**
 * Loads packages, `src` and `test/support` once a worker, and only what else is under `test` anew for each test file. Jest
 * itself loads all of it for each file, and runs it cold: 2.1 s of the processor for a file with an application, which
 * is 0.7 s this way.
 *
 * So a test file leaves things as it found them: spies and fake timers end with it by themselves; listeners, and what it
 * set on objects that others use, it takes back. Modules are not replaced by mocks, and what is in `test/support`
 * imports no `@jest/globals`. A file that cannot live with that says `@jest-environment node` in a comment at its
 * beginning, and shares nothing.
 */
export default class SharedRuntime extends JestRuntime {
  constructor(config, environment, ...rest) {
    super(config, environment, ...rest);
    this.shares = environment instanceof SharedEnvironment;
    if (!this.shares) return;
    this.registries.moduleRegistry = modules;
    this.registries.esModuleRegistry = esModules;
    this.transformCache.transforms = transforms;
    // What a file before has loaded goes on importing by the runtime of that file, which is never in a test of its own again.
    this.testState.leaveTestCode = () => {};
  }

  /** Takes down less than Jest does: what is loaded stays, and may still load more. */
  teardown() {
    if (!this.shares) return super.teardown();
    this.restoreAllMocks();
    this.registries.internalModuleRegistry.clear();
    const tests = join(this._config.rootDir, 'test', sep);
    forget(modules, tests);
    forget(esModules, pathToFileURL(tests).href);
  }

  /** Begun once: V8 counts in blocks only what is compiled while it counts. */
  async collectV8Coverage() {
    if (!this.shares) return super.collectV8Coverage();
    if (counting !== undefined) return;
    counting = new Session();
    counting.connect();
    await counting.post('Profiler.enable');
    await counting.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Of this test file: taking begins to count anew. */
  async stopCollectingV8Coverage() {
    if (!this.shares) return super.stopCollectingV8Coverage();
    const { result } = await counting.post('Profiler.takePreciseCoverage');
    this.v8Coverage.result = result.filter(({ functions }) => functions.some(({ ranges }) => ranges[0].count > 0));
    this.v8Coverage.sources = transforms;
  }

  setMock(...args) {
    this.#assertUnshared(args[1]);
    return super.setMock(...args);
  }

  setModuleMock(...args) {
    this.#assertUnshared(args[1]);
    return super.setModuleMock(...args);
  }

  #assertUnshared(name) {
    if (this.shares) throw new Error(`${name} may be loaded already, and cannot be replaced (see test/support/shared-runtime.mjs)`);
  }
}

const GLOBALS = '@jest/globals/';

/** `describe`, `expect` and the like belong to one test file, and so does everything that has imported them. */
function forget(registry, tests) {
  for (const key of registry.keys()) {
    if (key.startsWith(GLOBALS)) {
      registry.delete(key);
      const importer = key.slice(GLOBALS.length);
      if (/[\\/]test[\\/]support[\\/]/.test(importer))
        throw new Error(`${importer} imports @jest/globals, and is loaded only once (see test/support/shared-runtime.mjs)`);
    } else if (key.startsWith(tests) && !key.startsWith(`${tests}support`)) {
      registry.delete(key);
    }
  }
}
