import type { Assigned } from '../steps/assignees.js';
import type { Step } from '../steps/index.js';
import { walkSteps } from '../steps/tree.js';
import type { WorkflowDefinition } from './types.js';

/** A role or a queue that a step asks, and where the definition names it. */
export interface NamedAsked {
  kind: 'role' | 'queue';
  name: string;
  path: string;
}

/** Every role and queue that the steps of a definition ask, those of escalations included. */
export function askedByName({ steps }: Pick<WorkflowDefinition, 'steps'>): NamedAsked[] {
  const named: NamedAsked[] = [];
  const note = ({ role, queue }: Assigned, path: string): void => {
    if (role !== undefined) named.push({ kind: 'role', name: role, path: `${path}.role` });
    if (queue !== undefined) named.push({ kind: 'queue', name: queue, path: `${path}.queue` });
  };
  for (const { step, jsonPath } of walkSteps(steps)) {
    if (!asks(step)) continue;
    note(step, jsonPath);
    if (step.escalation) note(step.escalation, `${jsonPath}.escalation`);
  }
  return named;
}

function asks(step: Step): step is Extract<Step, { kind: 'approval' | 'form' }> {
  return step.kind === 'approval' || step.kind === 'form';
}
