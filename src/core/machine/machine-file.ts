import { type ReadWorkflowFile, readDefinitionFile, type WorkflowFile } from '../definition/workflow-file.js';
import type { Problem } from '../errors.js';
import { isJsonObject, type JsonObject } from '../json.js';
import { understoodMachine } from './vocabulary.js';

export const MACHINE_FORMAT = 'nestjs-crm-automation/machine';

/** A machine as a file, to be taken to another workspace or CRM. */
export type MachineFile = Omit<WorkflowFile, 'format'> & { format: typeof MACHINE_FORMAT };

const NAMING: readonly string[] = ['code', 'name', 'description'];

/**
 * Reads a file that claims to be a machine: one that was exported here, or one of another system, which has no format and
 * whose members stand side by side. What its definition holds is not looked at: a draft may have problems.
 */
export function readMachineFile(json: unknown): { ok: true; file: ReadWorkflowFile } | { ok: false; problems: Problem[] } {
  const isForeign = isJsonObject(json) && json.format === undefined && (json.states !== undefined || json.definition !== undefined);
  const outcome = readDefinitionFile(isForeign ? withFormat(json) : json, MACHINE_FORMAT, 'state machine');
  if (!outcome.ok) return outcome;
  return { ok: true, file: { ...outcome.file, definition: understoodMachine(outcome.file.definition) } };
}

function withFormat(json: JsonObject): JsonObject {
  const naming = Object.fromEntries(Object.entries(json).filter(([name]) => NAMING.includes(name)));
  const rest = Object.fromEntries(Object.entries(json).filter(([name]) => !NAMING.includes(name)));
  const code = typeof naming.code === 'string' ? { code: codeOf(naming.code) } : {};
  const name = naming.name ?? naming.code;
  return { format: MACHINE_FORMAT, formatVersion: 1, ...naming, ...code, name, definition: rest.definition ?? rest };
}

/** `ORDER FULFILMENT` as codes are written here. */
function codeOf(code: string): string {
  return code.trim().toLowerCase().replace(/\s+/g, '-');
}
