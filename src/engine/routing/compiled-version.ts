import type { Catalog, ModuleDescription } from '../../core/catalog.js';
import { type CompiledCondition, compileCondition } from '../../core/condition/condition.js';
import { parseDefinition } from '../../core/definition/parser.js';
import type { Condition, Step, WorkflowDefinition } from '../../core/definition/types.js';
import { AutomationError } from '../../core/errors.js';
import { isJsonObject, type Json } from '../../core/json.js';
import { walkSteps } from '../../core/steps/tree.js';
import { compileTemplate, hasExpression } from '../../core/template/template.js';
import { type CompiledTrigger, compileTrigger } from '../../core/trigger/trigger.js';
import type { VersionRow } from '../../store/catalogue-store.js';

/**
 * Whether runs begin in the transaction that routes their event.
 * - `inside`: always; their steps are ours and short.
 * - `with_room`: while the process can take on what comes after it: calls to the outside, transactions of the host's own.
 * - `queued`: never; the host's own code would run there, and if it brought the process down, no run would be there yet to
 *   count that.
 */
export type Beginning = 'inside' | 'with_room' | 'queued';

/** Where an action takes place: in our shared transaction by our code or by the host's, or elsewhere. */
export type PlaceOf = (actionType: string) => 'ours' | 'hosts' | 'elsewhere';

/** A published version made ready to run, once per process: versions never change. */
export interface CompiledVersion {
  workspaceId: string;
  versionId: string;
  version: number;
  workflow: { id: string; code: string; name: string };
  definition: WorkflowDefinition;
  trigger: CompiledTrigger;
  /** Null: every event that matches the trigger starts a run. */
  conditions: CompiledCondition | null;
  /** Relations of the record that the conditions read; they are loaded before routing decides. */
  conditionRelations: readonly string[];
  /** Relations that conditions, branches or templates of the steps read. */
  stepRelations: readonly string[];
  /** Where its runs may begin; see {@link Beginning}. */
  begins: Beginning;
  /** A branch's condition, compiled once. */
  conditionOf(condition: Condition): CompiledCondition;
}

/** Compiles a stored version; `placeOf` tells where an action takes place. Throws `version_unreadable` when this release cannot read what an earlier one published. */
export function compileVersion(row: VersionRow, catalog: Catalog, placeOf: PlaceOf): CompiledVersion {
  const parsed = parseDefinition(row.definition, null);
  if (!parsed.ok) {
    throw new AutomationError('version_unreadable', `Version ${row.version} of workflow '${row.name}' cannot be read.`, {
      hint: 'Open the workflow, mend the problems and publish it again.',
      problems: parsed.problems,
    });
  }
  const { definition } = parsed;
  const { trigger } = definition;
  const module = 'module' in trigger && trigger.module !== undefined ? (catalog.modules.get(trigger.module) ?? null) : null;
  const conditions = definition.conditions ? compileCondition(definition.conditions, module) : null;
  const compiled = new Map<Condition, CompiledCondition>();
  const conditionOf = (condition: Condition): CompiledCondition => {
    const known = compiled.get(condition) ?? compileCondition(condition, module);
    compiled.set(condition, known);
    return known;
  };
  const stepPaths: string[] = [];
  collectPaths(definition.steps, conditionOf, stepPaths);
  return {
    workspaceId: row.workspaceId,
    versionId: row.versionId,
    version: row.version,
    workflow: { id: row.workflowId, code: row.code, name: row.name },
    definition,
    trigger: compileTrigger(trigger, module),
    conditions,
    conditionRelations: relationsIn(conditions?.paths ?? [], module),
    stepRelations: relationsIn(stepPaths, module),
    begins: beginningOf(definition, placeOf),
    conditionOf,
  };
}

function beginningOf(definition: WorkflowDefinition, placeOf: PlaceOf): Beginning {
  const places = new Set([...walkSteps(definition.steps)].map(({ step }) => (step.kind === 'action' ? placeOf(step.type) : 'ours')));
  if (places.has('hosts')) return 'queued';
  return places.has('elsewhere') ? 'with_room' : 'inside';
}

/** The relations of the module that these paths go through: `account.industry`, `record.account.industry`. */
function relationsIn(paths: readonly string[], module: ModuleDescription | null): string[] {
  const names = new Set(module?.relations.map((relation) => relation.name));
  const used = paths.map((path) => path.split('.')).map(([head, next]) => (head === 'record' ? next : head));
  return [...new Set(used)].filter((name): name is string => name !== undefined && names.has(name));
}

function collectPaths(steps: readonly Step[], conditionOf: CompiledVersion['conditionOf'], into: string[]): void {
  for (const step of steps) {
    switch (step.kind) {
      case 'action':
        collectTemplatePaths(step.with, into);
        break;
      case 'branch':
        for (const branch of step.branches) {
          into.push(...conditionOf(branch.when).paths);
          collectPaths(branch.steps, conditionOf, into);
        }
        collectPaths(step.otherwise ?? [], conditionOf, into);
        break;
      case 'parallel':
        for (const branch of step.branches) collectPaths(branch.steps, conditionOf, into);
        break;
      case 'for_each':
        collectTemplatePaths(step.in, into);
        collectPaths(step.steps, conditionOf, into);
        break;
      case 'delay':
        if (step.until !== undefined) collectTemplatePaths(step.until, into);
        break;
      default:
        break;
    }
  }
}

function collectTemplatePaths(value: Json | undefined, into: string[]): void {
  if (typeof value === 'string') {
    if (hasExpression(value)) into.push(...compileTemplate(value).paths);
  } else if (Array.isArray(value)) {
    for (const item of value) collectTemplatePaths(item, into);
  } else if (isJsonObject(value)) {
    for (const item of Object.values(value)) collectTemplatePaths(item, into);
  }
}
