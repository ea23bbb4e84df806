import { Injectable } from '@nestjs/common';
import { AutomationError } from '../../core/errors.js';
import type { ReadyStep } from '../../core/plan/plan.js';
import type { StartRun } from '../../core/steps/run-workflow.js';
import type { Decision } from '../../core/steps/step-kind.js';
import { declaredInput } from '../../core/trigger/manual-input.js';
import { startRow } from '../../store/start-row.js';
import { findStartable } from '../../store/workflow-store.js';
import type { EffectPerformer } from './flow-steps.js';
import type { HeldRun } from './held-run.js';
import type { StepTransaction } from './step-transaction.js';

/** Starts runs of other workflows: one row that the router routes like every start. */
@Injectable()
export class SubRuns implements EffectPerformer<'start_run'> {
  /** Throws `workflow_unknown`, `workflow_not_published`, `start_invalid`. */
  async perform(
    run: HeldRun,
    { path, attempt }: ReadyStep,
    { workflow, input, wait }: StartRun,
    _decision: Decision<object>,
    tx: StepTransaction,
  ): Promise<void> {
    const found = await findStartable(tx.manager, run.workspaceId, workflow);
    if (found === null) {
      throw new AutomationError('workflow_unknown', `There is no workflow '${workflow}' to start.`, {
        hint: 'Name the code or the id of a workflow of this workspace.',
      });
    }
    if (!found.isPublished) {
      throw new AutomationError('workflow_not_published', `The workflow '${workflow}' has no published version to start.`, {
        hint: 'Publish it, then retry this run from this step.',
      });
    }
    const asked = declaredInput(found.trigger, input);
    const start = startRow({
      workspaceId: run.workspaceId,
      module: run.record?.module ?? null,
      event: 'workflow',
      recordId: run.record?.id ?? null,
      actor: run.actorOfItsEvents,
      cause: run.causeOfItsEvents,
      source: 'workflow',
      trigger: { type: 'workflow', runId: run.id, workflowId: run.version.workflow.id, input: asked },
      target: { workflowId: found.id },
      parent: { runId: run.id, path, attempt, waits: wait },
    });
    tx.writes.starts.push(start);
  }
}
