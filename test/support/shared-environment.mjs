import { TestEnvironment } from 'jest-environment-node';

let shared;

const RUNNING = Symbol.for('nestjs-crm-automation.tests.running');

/** Where Jest keeps on the global object what belongs to one test file: its tests, who hears of them, `jest.setTimeout`. */
const OF_ONE_FILE = /^(JEST_STATE_SYMBOL|EVENT_HANDLERS|TEST_TIMEOUT_SYMBOL|RETRY_\w+|WAIT_BEFORE_RETRY|LOG_ERRORS_BEFORE_RETRY)$/;

/** One global scope for all test files of a worker: see shared-runtime.mjs. */
export class SharedEnvironment extends TestEnvironment {
  /** The next file begins with the real clock, and with nothing of this one. */
  async teardown() {
    this.fakeTimers.useRealTimers();
    this.fakeTimersModern.useRealTimers();
    await this.closeWhatRuns();
    for (const symbol of Object.getOwnPropertySymbols(this.global)) if (OF_ONE_FILE.test(symbol.description)) delete this.global[symbol];
  }

  /** What a file has left running (see running.ts), most often because a test of it failed. */
  async closeWhatRuns() {
    for (const close of [...(this.global[RUNNING] ?? [])].reverse()) {
      process.stderr.write(`${this.testPath} left an application running, which is closed with it\n`);
      await close().catch((error) => process.stderr.write(`it could not be closed: ${error.stack}\n`));
    }
    this.global[RUNNING]?.clear();
  }
}

/** Jest calls it with `new` for each test file. A watcher finds modules changed, and needs them anew. */
export default function environmentOf(config, context) {
  const { watch, watchAll } = config.globalConfig;
  if (watch || watchAll) return new TestEnvironment(config, context);
  shared ??= new SharedEnvironment(config, context);
  shared.testPath = context.testPath;
  return shared;
}
