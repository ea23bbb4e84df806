import type { ModuleDescription } from '../../core/catalog.js';
import type { ErrorCode } from '../../core/error-codes.js';
import { AutomationError, type Problem } from '../../core/errors.js';
import type { RecordData } from '../../core/event.js';
import type { Json } from '../../core/json.js';
import type { PlannedChange } from '../crm-host.js';
import { shownValue } from '../shown-value.js';

/** The error for a user who is none, or not active, or another workspace's. */
export function userUnknown(id: string, field?: string): AutomationError {
  return new AutomationError('user_unknown', `'${id}' is not an active user of this workspace`, {
    hint: 'The user may have left or been deactivated. Choose another one in the step.',
    details: { ...(field === undefined ? {} : { field }), userId: id },
  });
}

/** The error for a stage that the record's pipeline does not have. */
export function stageUnknown(stage: Json, stages: readonly string[]): AutomationError {
  return new AutomationError('stage_unknown', `${shownStage(stage)} is not a stage of this record's pipeline: ${stages.join(', ')}`, {
    hint: 'Correct the stage in the step, or add it to the pipeline.',
    details: { stage, stages: [...stages] },
  });
}

function shownStage(stage: Json): string {
  return typeof stage === 'string' ? `'${stage.length > 80 ? `${stage.slice(0, 80)}…` : stage}'` : shownValue(stage);
}

/** The error for an id that points at nothing in the workspace. */
export function referenceUnknown(message: string, details: Record<string, Json>): AutomationError {
  return new AutomationError('reference_unknown', message, {
    hint: 'Correct the id in the workflow, or what it is made from; the record may have been deleted.',
    details,
  });
}

/** The error for what the host's CRM does not offer to workflows. */
export function crmUnable(message: string, method: string): AutomationError {
  return new AutomationError('crm_unable', message, { hint: `Its developers have to give the CrmHost the method \`${method}\`.` });
}

/** The error for a module that the catalog does not have. */
export function moduleUnknown(module: string): AutomationError {
  return new AutomationError('module_unknown', `The CRM has no module '${module}'.`, { details: { module } });
}

/** The error for a change that the CRM's own rules refuse. */
export function changeRefused(module: ModuleDescription, { after }: PlannedChange, problems: readonly Problem[]): AutomationError {
  const given = (path: string): RecordData => {
    const field = path.split(/[.[]/, 1)[0] ?? path;
    return field in after ? { [field]: shownValue(after[field] ?? null) } : {};
  };
  const values: RecordData = Object.assign({}, ...problems.map(({ path }) => given(path)));
  return refused('change_refused', `The CRM does not accept this change of ${module.name}`, problems, {
    module: module.name,
    given: values,
  });
}

/** The error for a task that the CRM's own rules refuse. */
export function taskRefused(problems: readonly Problem[]): AutomationError {
  return refused('task_refused', 'The CRM does not accept this task', problems, {});
}

function refused(
  code: ErrorCode,
  what: string,
  problems: readonly Problem[],
  details: { module?: string; given?: RecordData },
): AutomationError {
  const shown = problems.slice(0, 3).map(({ path, message }) => {
    const value = details.given?.[path];
    return `${message.startsWith(path) ? message : `${path}: ${message}`}${value === undefined ? '' : ` (it would be ${value})`}`;
  });
  const more = problems.length > 3 ? `; and ${problems.length - 3} more` : '';
  return new AutomationError(code, `${what}: ${shown.join('; ')}${more}`, {
    hint: "The rule is the CRM's own. Correct the value in the workflow, or the record that it is taken from.",
    details: { ...details },
    problems: [...problems],
  });
}
