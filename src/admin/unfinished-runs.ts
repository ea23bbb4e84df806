import { AutomationError } from '../core/errors.js';
import { MOST_UNFINISHED, type UnfinishedRuns } from '../store/workflow-versions.js';

const STATUSES = ['queued', 'running', 'waiting'] as const;

/** The error for what cannot be done while runs are not over: how many there are, and what they do. */
export function runsInTheWay(unfinished: readonly UnfinishedRuns[]): AutomationError {
  const runs = sum(unfinished);
  const isExact = runs < MOST_UNFINISHED;
  const byStatus = STATUSES.map((status) => ({ status, runs: sum(unfinished.filter((one) => one.status === status)) }));
  const told = byStatus.filter((one) => one.runs > 0).map((one) => `${one.runs} ${one.status}`);
  const how = isExact ? (runs === 1 ? '1 run that is' : `${runs} runs that are`) : `more than ${runs - 1} runs that are`;
  return new AutomationError('workflow_has_active_runs', `The workflow has ${how} not over: ${told.join(', ')}.`, {
    hint: 'Pause it and wait for them, or cancel them first.',
    details: { runs, runsAreExact: isExact, byStatus: Object.fromEntries(byStatus.map((one) => [one.status, one.runs])) },
  });
}

function sum(unfinished: readonly UnfinishedRuns[]): number {
  return unfinished.reduce((total, { runs }) => total + runs, 0);
}
