import { Injectable } from '@nestjs/common';
import { ProblemList } from '../core/definition/problem-list.js';
import { secretProblems } from '../core/definition/secrets.js';
import { AutomationError } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { parseMachine } from '../core/machine/parser.js';
import { machinePublishProblems } from '../core/machine/publish-problems.js';
import { summaryOf } from '../core/machine/summary.js';
import { hinted } from '../core/nearest.js';
import type { DraftColumns } from '../store/workflow-store.js';
import { DefinitionChanges } from './definition-changes.js';

/** Changes of state machines. */
@Injectable()
export class MachineChanges extends DefinitionChanges {
  readonly kind = 'machine';

  examine(draft: JsonObject): DraftColumns {
    const parsed = parseMachine(draft, this.catalog);
    const missing = secretProblems(draft, this.catalog.actions);
    const others = parsed.ok ? machinePublishProblems(parsed.machine, draft, this.catalog) : parsed.problems;
    // One problem for each: a mask is no good signing secret either.
    const problems = new ProblemList();
    problems.addAll([...missing, ...others.filter(({ path }) => !missing.some((one) => one.path === path))]);
    const summary = summaryOf(draft);
    const module = typeof summary.for?.module === 'string' ? summary.for.module : null;
    return { draft, problems: problems.toArray().map(hinted), trigger: summary, module };
  }

  notFound(): AutomationError {
    return new AutomationError('machine_not_found', 'There is no state machine of this id.');
  }
}
