import type { StepMachines } from '../../actions/define-action.js';
import { AutomationError } from '../../core/errors.js';
import { CREATE } from '../../core/machine/choose.js';
import type { ReadyStep } from '../../core/plan/plan.js';
import { findMachine } from '../../store/machines/find-machine.js';
import { startRow } from '../../store/start-row.js';
import type { HeldRun } from '../running/held-run.js';
import type { StepTransaction } from '../running/step-transaction.js';

/**
 * The state machines as a step may drive them: one row that the router routes like every start, written with the step's log. The
 * step does not wait for what comes of it.
 */
export function stepMachines(run: HeldRun, { path, attempt }: ReadyStep, tx: StepTransaction): StepMachines {
  return {
    async advance({ machine, transition, input, record }) {
      const found = await findMachine(tx.manager, run.workspaceId, machine);
      if (found === null) {
        throw new AutomationError('machine_unknown', `There is no state machine '${machine}' to advance.`, {
          hint: 'Name the code of a machine of this workspace.',
        });
      }
      if (!found.isPublished) {
        throw new AutomationError('workflow_not_published', `The state machine '${machine}' has no published version.`, {
          hint: 'Publish it, then retry this run from this step.',
        });
      }
      if (found.module !== null && found.module !== record.module) {
        throw new AutomationError('record_required', `The state machine '${machine}' is for ${found.module}, not for ${record.module}.`, {
          hint: `Say in the step which record of ${found.module} is meant.`,
        });
      }
      const type = transition === null ? CREATE : 'workflow';
      const start = startRow({
        workspaceId: run.workspaceId,
        module: record.module,
        event: 'workflow',
        recordId: record.id,
        actor: run.actorOfItsEvents,
        cause: run.causeOfItsEvents,
        source: 'workflow',
        trigger: { type, runId: run.id, workflowId: run.version.workflow.id, input },
        target: { workflowId: found.id, ...(transition !== null && { transition }) },
        parent: { runId: run.id, path, attempt, waits: false },
      });
      tx.writes.starts.push(start);
      return { machineId: found.id, eventId: start.id };
    },
  };
}
