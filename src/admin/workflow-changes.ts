import { Injectable } from '@nestjs/common';
import { parseDefinition, publishProblems } from '../core/definition/parser.js';
import { ProblemList } from '../core/definition/problem-list.js';
import { secretProblems } from '../core/definition/secrets.js';
import { maskTrigger } from '../core/definition/trigger-secrets.js';
import { AutomationError } from '../core/errors.js';
import { isJsonObject, type JsonObject } from '../core/json.js';
import { hinted } from '../core/nearest.js';
import { moduleOfTrigger } from '../core/trigger/trigger.js';
import type { DraftColumns } from '../store/workflow-store.js';
import { DefinitionChanges } from './definition-changes.js';

/** Changes of workflows. */
@Injectable()
export class WorkflowChanges extends DefinitionChanges {
  readonly kind = 'workflow';

  examine(draft: JsonObject): DraftColumns {
    const parsed = parseDefinition(draft, this.catalog);
    const missing = secretProblems(draft, this.catalog.actions);
    const others = parsed.ok ? publishProblems(parsed.definition, this.catalog.executable) : parsed.problems;
    // One problem for each: a mask is no good signing secret either.
    const problems = new ProblemList();
    problems.addAll([...missing, ...others.filter(({ path }) => !missing.some((one) => one.path === path))]);
    // For lists, which anybody reads: without its secrets.
    const shown = maskTrigger(draft).trigger;
    const trigger = isJsonObject(shown) ? shown : null;
    return { draft, problems: problems.toArray().map(hinted), trigger, module: moduleOfTrigger(trigger) };
  }

  notFound(): AutomationError {
    return workflowNotFound();
  }
}

/** Another workspace's id is answered like one that does not exist. */
export function workflowNotFound(): AutomationError {
  return new AutomationError('workflow_not_found', 'There is no workflow of this id.');
}
