import type { Catalog, ModuleDescription, NamedUsers } from '../catalog.js';
import type { Problem } from '../errors.js';
import { isJsonObject } from '../json.js';
import type { Assigned } from '../steps/assignees.js';
import type { Step } from '../steps/index.js';
import { walkSteps } from '../steps/tree.js';
import { hasExpression } from '../template/template.js';
import { moduleOfTrigger } from '../trigger/trigger.js';
import { nestedPath } from './problem-list.js';
import type { WorkflowDefinition } from './types.js';
import type { DefinitionWarning } from './warnings.js';

/** A role or a queue that a step asks, and where the definition names it. */
export interface NamedAsked {
  kind: 'role' | 'queue';
  name: string;
  path: string;
}

/** Users whom a definition names in one place. */
export interface UsersNeeded extends NamedUsers {
  /** How many of them have to be there. */
  needed: number;
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

/** Every role that an argument of an action names, where its form offers roles. */
export function namedRoles({ steps }: Pick<WorkflowDefinition, 'steps'>, catalog: Catalog): NamedAsked[] {
  return [...walkSteps(steps)].flatMap(({ step, jsonPath }) => {
    const properties = step.kind === 'action' && catalog.actions.get(step.type)?.argumentsSchema.properties;
    if (step.kind !== 'action' || !isJsonObject(properties)) return [];
    return Object.entries(step.with).flatMap(([argument, name]): NamedAsked[] => {
      const schema = properties[argument];
      const isRole = isJsonObject(schema) && schema['x-control'] === 'role';
      return isRole && typeof name === 'string' && !hasExpression(name)
        ? [{ kind: 'role', name, path: `${jsonPath}.with.${argument}` }]
        : [];
    });
  });
}

/** The users whom a definition names by their ids, place by place: whom steps ask, and whom arguments of actions name. */
export function namedUsers({ trigger, steps }: Pick<WorkflowDefinition, 'trigger' | 'steps'>, catalog: Catalog): UsersNeeded[] {
  const module: ModuleDescription | null = catalog.modules.get(moduleOfTrigger(trigger) ?? '') ?? null;
  return [...walkSteps(steps)].flatMap(({ step, jsonPath }) => {
    if (asks(step)) {
      const required = step.kind === 'approval' && typeof step.required === 'number' ? step.required : 1;
      const escalated = step.escalation ? [usersOf(step.escalation, `${jsonPath}.escalation`, 1)] : [];
      return [usersOf(step, jsonPath, required), ...escalated].filter(({ users }) => users.length > 0);
    }
    if (step.kind !== 'action') return [];
    const groups = catalog.actions.get(step.type)?.users?.(step.with, { module }) ?? [];
    return groups.map(({ users, others }) => ({
      users: users.map(({ id, path }) => ({ id, path: nestedPath(`${jsonPath}.with`, path) })),
      others,
      needed: 1,
    }));
  });
}

/** What is to be said of those who are not there: where too few are left no run could go on, elsewhere it deserves a look. */
export function absentUsers(
  named: readonly UsersNeeded[],
  isActive: (id: string) => boolean,
): { problems: Problem[]; warnings: DefinitionWarning[] } {
  const problems: Problem[] = [];
  const warnings: DefinitionWarning[] = [];
  for (const { users, others, needed } of named) {
    const absent = users.filter(({ id }) => !isActive(id));
    const isEnough = others || users.length - absent.length >= needed;
    for (const { id, path } of absent) {
      const message = `The workspace has no active user "${id}".`;
      if (isEnough)
        warnings.push({ path, code: 'user_not_found', message, hint: 'Take the id out, or correct it: the step goes on without.' });
      else problems.push({ path, message });
    }
  }
  return { problems, warnings };
}

function usersOf({ assignees = [], role, queue }: Assigned, path: string, needed: number): UsersNeeded {
  const users = assignees.flatMap((id, index) => (hasExpression(id) ? [] : [{ id, path: `${path}.assignees[${index}]` }]));
  return { users, others: users.length < assignees.length || role !== undefined || queue !== undefined, needed };
}

function asks(step: Step): step is Extract<Step, { kind: 'approval' | 'form' }> {
  return step.kind === 'approval' || step.kind === 'form';
}
