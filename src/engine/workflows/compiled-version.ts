import type { ActionDefinition } from '../../actions/define-action.js';
import { builtInActions } from '../../actions/index.js';
import type { ActionRegistry } from '../../actions/registry.js';
import type { Catalog, ModuleDescription } from '../../core/catalog.js';
import { type CompiledCondition, compileCondition } from '../../core/condition/condition.js';
import type { Condition } from '../../core/condition/tree.js';
import { RETRY_CORRECTED } from '../../core/corrected-workflow.js';
import { parseDefinition } from '../../core/definition/parser.js';
import type { WorkflowDefinition } from '../../core/definition/types.js';
import { AutomationError } from '../../core/errors.js';
import { extracts } from '../../core/extract.js';
import { machinesIn } from '../../core/machine/machines-read.js';
import { type AddressedStep, addressedSteps } from '../../core/steps/addresses.js';
import { pathsReadBy, pathsReadByStep } from '../../core/steps/reads.js';
import { walkSteps } from '../../core/steps/tree.js';
import type { DateTrigger } from '../../core/trigger/date.js';
import { type CompiledTrigger, compileTrigger, moduleOfTrigger } from '../../core/trigger/trigger.js';
import type { VersionRow } from '../../store/active-workflows.js';

/**
 * Who advances runs of the version first, once they have been routed.
 * - `by_router`: the transaction that routes them; their steps are ours and short.
 * - `by_router_with_room`: the same, while the process can take on what comes after it: calls to the outside,
 *   transactions of the host's own.
 * - `by_worker`: whoever claims them; the host's own code runs in their transaction, and if it brought the process down
 *   while they were being routed, no run would be there yet to count that.
 */
export type FirstAdvance = 'by_router' | 'by_router_with_room' | 'by_worker';

/** A published version made ready to run, once per process: versions never change. */
export interface CompiledVersion {
  workspaceId: string;
  versionId: string;
  version: number;
  workflow: { id: string; code: string; name: string };
  /** Of a version that a machine's transition runs, its code: the end of each run is that of the transition. */
  transition: string | null;
  definition: WorkflowDefinition;
  trigger: CompiledTrigger;
  /** Null: every event that matches the trigger starts a run. */
  conditions: CompiledCondition | null;
  /** Relations of the record that the conditions read; they are loaded before routing decides. */
  conditionRelations: readonly string[];
  /** Computed fields that the conditions read: an event may lack them. */
  conditionComputed: readonly string[];
  /** Codes of state machines in which the conditions, and in which the steps, ask where the record stands. */
  conditionMachines: readonly string[];
  stepMachines: readonly string[];
  /** Relations that conditions, branches or templates of the steps read. */
  stepRelations: readonly string[];
  firstAdvance: FirstAdvance;
  /** Does one of its steps change the record of its run? */
  writesRecord: boolean;
  /** Does one of its steps put anything into a context? */
  extracts: boolean;
  /** Do its steps read contexts, or write the workflow's? Only then does a run take the workflow's along. */
  usesContext: boolean;
  /** Steps with an address from outside, and by the id of each step the ids of those whose addresses it reads. */
  addressed: readonly AddressedStep[];
  addressesReadBy: ReadonlyMap<string, ReadonlySet<string>>;
  /** A branch's condition, compiled once. */
  conditionOf(condition: Condition): CompiledCondition;
}

/** A version that starts by a date of each record. */
export type DatedVersion = CompiledVersion & { definition: { trigger: DateTrigger } };

/** Whether a version starts by a date of each record. */
export function isDated(version: CompiledVersion): version is DatedVersion {
  return version.definition.trigger.type === 'date';
}

/** Compiles a stored version. Throws `version_unreadable` when this release cannot read what an earlier one published. */
export function compileVersion(row: VersionRow, catalog: Catalog, actions: Pick<ActionRegistry, 'get'>): CompiledVersion {
  const parsed = parseDefinition(row.definition, null);
  if (!parsed.ok) {
    throw new AutomationError('version_unreadable', `Version ${row.version} of workflow '${row.name}' cannot be read.`, {
      hint: `Open the workflow and mend the problems. ${RETRY_CORRECTED}`,
      problems: parsed.problems,
    });
  }
  const { definition } = parsed;
  const { trigger } = definition;
  const module = catalog.modules.get(moduleOfTrigger(trigger) ?? '') ?? null;
  const conditions = definition.conditions ? compileCondition(definition.conditions, module) : null;
  const compiled = new Map<Condition, CompiledCondition>();
  const conditionOf = (condition: Condition): CompiledCondition => {
    const known = compiled.get(condition) ?? compileCondition(condition, module);
    compiled.set(condition, known);
    return known;
  };
  const addressed = addressedSteps(definition.steps);
  const stepPaths = pathsReadBy(definition.steps, conditionOf);
  return {
    workspaceId: row.workspaceId,
    versionId: row.versionId,
    version: row.version,
    workflow: { id: row.workflowId, code: row.code, name: row.name },
    transition: row.transition,
    definition,
    trigger: compileTrigger(trigger, module),
    conditions,
    conditionRelations: relationsIn(conditions?.paths ?? [], module),
    conditionComputed: computedIn(conditions?.paths ?? [], module),
    conditionMachines: machinesIn(conditions?.paths ?? []),
    stepMachines: machinesIn(stepPaths),
    stepRelations: relationsIn([...stepPaths], module),
    firstAdvance: firstAdvanceOf(definition, actions),
    writesRecord: [...walkSteps(definition.steps)].some(({ step }) => step.kind === 'action' && writesRecord(actions.get(step.type))),
    extracts: [...walkSteps(definition.steps)].some(({ step }) => extracts(step)),
    usesContext: [...stepPaths].some((path) => path === 'context' || path.startsWith('context.')) || putsIntoContext(definition),
    addressed,
    addressesReadBy: addressed.length === 0 ? NO_ADDRESSES : addressesReadBy(definition, conditionOf),
    conditionOf,
  };
}

function putsIntoContext({ steps }: WorkflowDefinition): boolean {
  return [...walkSteps(steps)].some(({ step }) => step.extractToContext !== undefined);
}

const NO_ADDRESSES: ReadonlyMap<string, ReadonlySet<string>> = new Map();

function addressesReadBy({ steps }: WorkflowDefinition, conditionOf: CompiledVersion['conditionOf']): Map<string, ReadonlySet<string>> {
  const readBy = new Map<string, ReadonlySet<string>>();
  for (const { step } of walkSteps(steps)) {
    const read = [...pathsReadByStep(step, conditionOf)].map((path) => /^steps\.([^.]+)\.resumeUrl$/.exec(path)?.[1]);
    readBy.set(step.id, new Set(read.filter((id) => id !== undefined)));
  }
  return readBy;
}

function writesRecord(action: ActionDefinition | undefined): boolean {
  return action?.effect === 'local' && action.writesRecord;
}

function firstAdvanceOf(definition: WorkflowDefinition, actions: Pick<ActionRegistry, 'get'>): FirstAdvance {
  let first: FirstAdvance = 'by_router';
  for (const { step } of walkSteps(definition.steps)) {
    const action = step.kind === 'action' ? actions.get(step.type) : undefined;
    if (step.kind === 'action' && !(action?.effect === 'local' && action.transaction === 'shared')) first = 'by_router_with_room';
    else if (action && !builtInActions.includes(action)) return 'by_worker';
  }
  return first;
}

/** Returns the computed fields of the module that these paths read. */
export function computedIn(paths: readonly string[], module: ModuleDescription | null): string[] {
  const computed = module?.fields.filter((field) => field.computed) ?? [];
  return computed.map(({ name }) => name).filter((name) => paths.includes(`record.${name}`));
}

/** The relations of the module that these paths go through: `account.industry`, `record.account.industry`. */
export function relationsIn(paths: readonly string[], module: ModuleDescription | null): string[] {
  const names = new Set(module?.relations.map((relation) => relation.name));
  const used = paths.map((path) => path.split('.')).map(([head, next]) => (head === 'record' ? next : head));
  return [...new Set(used)].filter((name): name is string => name !== undefined && names.has(name));
}
