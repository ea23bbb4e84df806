import type { Problem } from '../errors.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';

/** A workflow as a file, to be taken to another workspace or CRM. Secrets are masked in it, and have to be given again. */
export interface WorkflowFile {
  format: typeof WORKFLOW_FORMAT;
  formatVersion: typeof WORKFLOW_FORMAT_VERSION;
  code: string;
  name: string;
  description: string | null;
  definition: JsonObject;
}

/** What a file may leave out. */
export interface ReadWorkflowFile extends Pick<WorkflowFile, 'name' | 'description' | 'definition'> {
  code: string | null;
}

export const WORKFLOW_FORMAT = 'nestjs-crm-automation/workflow';
/** Raised when a file of a new release means something else to an old one. */
export const WORKFLOW_FORMAT_VERSION = 1;
/** What codes of workflows look like. */
export const WORKFLOW_CODE = /^[a-z][a-z0-9_-]{0,63}$/;
export const WORKFLOW_CODE_RULE = 'code must begin with a small letter and hold small letters, digits, - and _ only, 64 at the most';
export const LONGEST_NAME = 200;
export const LONGEST_DESCRIPTION = 2000;

const MEMBERS: ReadonlySet<string> = new Set(['format', 'formatVersion', 'code', 'name', 'description', 'definition']);

/**
 * Reads a file that claims to be a workflow, and tells all that is wrong with it. What its definition holds is not looked
 * at: a draft may have problems.
 */
export function readWorkflowFile(json: unknown): { ok: true; file: ReadWorkflowFile } | { ok: false; problems: Problem[] } {
  return readDefinitionFile(json, WORKFLOW_FORMAT, 'workflow');
}

/** The same of a definition of whatever kind. */
export function readDefinitionFile(
  json: unknown,
  format: string,
  what: string,
): { ok: true; file: ReadWorkflowFile } | { ok: false; problems: Problem[] } {
  if (!isJsonObject(json)) return { ok: false, problems: [{ path: 'body', message: `An exported ${what} is a JSON object.` }] };
  const kind = kindProblem(json, format, what);
  // Of something else altogether one sentence says more than a list of what it lacks.
  if (kind) return { ok: false, problems: [kind] };
  const { code = null, name, description = null, definition } = json;
  const problems: Problem[] = Object.keys(json)
    .filter((member) => !MEMBERS.has(member))
    .map((path) => ({ path, message: `property ${path} should not exist` }));
  const check = (holds: boolean, path: string, message: string): void => {
    if (!holds) problems.push({ path, message });
  };
  check(json.code === undefined || (typeof code === 'string' && WORKFLOW_CODE.test(code)), 'code', WORKFLOW_CODE_RULE);
  check(isText(name, LONGEST_NAME) && /\S/.test(name), 'name', `name must be a text of 1 to ${LONGEST_NAME} characters, and not blank`);
  check(
    description === null || isText(description, LONGEST_DESCRIPTION),
    'description',
    `description must be a text of ${LONGEST_DESCRIPTION} characters at the most, or null`,
  );
  check(isJsonObject(definition), 'definition', 'definition must be an object');
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, file: { code, name, description, definition } as ReadWorkflowFile };
}

function kindProblem({ format, formatVersion }: JsonObject, wanted: string, what: string): Problem | null {
  if (format !== wanted) return { path: 'format', message: `This is no exported ${what}: format must be "${wanted}".` };
  if (formatVersion === WORKFLOW_FORMAT_VERSION) return null;
  const isNewer = typeof formatVersion === 'number' && formatVersion > WORKFLOW_FORMAT_VERSION;
  const why = isNewer ? 'The file was made by a newer release. ' : '';
  return {
    path: 'formatVersion',
    message: `${why}formatVersion must be ${WORKFLOW_FORMAT_VERSION}: no other can be read by this release.`,
  };
}

function isText(value: Json | undefined, longest: number): value is string {
  return typeof value === 'string' && [...value].length <= longest;
}

/**
 * A definition that names other workflows by their codes: the ids by which its steps may name them mean nothing elsewhere.
 * `codes` are the codes by id; an id that is not among them stays.
 */
export function withCodes(definition: JsonObject, codes: ReadonlyMap<string, string>): JsonObject {
  const walk = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(walk);
    if (!isJsonObject(value)) return value;
    const { type, workflow } = value;
    const code = type === 'run_workflow' && typeof workflow === 'string' ? codes.get(workflow.toLowerCase()) : undefined;
    const members = Object.entries(value).map(([name, member = null]): [string, Json] => [name, name === 'with' ? member : walk(member)]);
    return { ...Object.fromEntries(members), ...(code !== undefined && { workflow: code }) };
  };
  return walk(definition) as JsonObject;
}
