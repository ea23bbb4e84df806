import { statSync } from 'node:fs';

/** What takes longest, in this order; the rest follows by size. */
const LONGEST = [
  ...['faults/short', 'security/admin-api', 'console/browser/machines', 'console/browser/runs', 'console/browser/editor'],
  ...['console/browser/whole', 'console/browser/workflow-pages', 'console/browser/huge', 'console/browser/editor-steps'],
  ...['faults/killed-between-statements', 'faults/database-away', 'console/browser/workflow-list', 'engine/concurrency-limit'],
  ...['engine/hanging-crm', 'faults/killed-answers', 'console/browser/editor-forms', 'console/browser/start-audit'],
  ...['engine/hanging-actions', 'engine/schedules', 'faults/killed-machines', 'faults/timers', 'faults/machine-model', 'e2e/demo'],
  ...['engine/idle', 'engine/inbox', 'engine/nodes', 'security/admin-access'],
];

/**
 * The order of the test files: on two cores the longest one, begun last, ran alone for two minutes of ten. Jest's own order
 * knows how long files took, but not on a machine that has never run them.
 */
export default class LongestFirst {
  sort(tests) {
    const rank = ({ path }) => {
      const at = LONGEST.findIndex((name) => path.replaceAll('\\', '/').endsWith(`test/${name}.test.ts`));
      return at < 0 ? LONGEST.length : at;
    };
    return [...tests].sort((a, b) => rank(a) - rank(b) || statSync(b.path).size - statSync(a.path).size);
  }

  /** Nothing is remembered from one run to the next. */
  cacheResults() {}

  /** `--onlyFailures` has nothing to go by then. */
  allFailedTests() {
    return [];
  }
}
