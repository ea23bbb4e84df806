import { TestEnvironment } from 'jest-environment-node';

let shared;

/** One global scope for all test files of a worker: see shared-runtime.mjs. */
export class SharedEnvironment extends TestEnvironment {
  /** The next file begins with the real clock. */
  async teardown() {
    this.fakeTimers.useRealTimers();
    this.fakeTimersModern.useRealTimers();
  }
}

/** Jest calls it with `new` for each test file. A watcher finds modules changed, and needs them anew. */
export default function environmentOf(config, context) {
  const { watch, watchAll } = config.globalConfig;
  if (watch || watchAll) return new TestEnvironment(config, context);
  shared ??= new SharedEnvironment(config, context);
  return shared;
}
