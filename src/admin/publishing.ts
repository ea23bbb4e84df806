import type { EntityManager } from 'typeorm';
import type { SettingDefaults } from '../core/definition/settings.js';
import { AutomationError, type Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { type Caller, callerAsActor } from '../host/access.js';
import { type DefinitionKind, type DraftColumns, setStatus, type WorkflowRow, type WorkflowStatus } from '../store/workflow-store.js';
import { draftFromPublished, findVersion, publishVersion, type StoredVersion } from '../store/workflow-versions.js';
import type { DefinitionChanges } from './definition-changes.js';

/** What to publish, and how. */
export interface PublishCommand {
  /** Publish only if the draft is still at this revision. */
  revision?: number;
  /** Kept with the version: why. */
  note?: string | null;
  /** False: what is active stays active, what is paused stays paused, and a draft becomes paused. Default: active. */
  activate?: boolean;
  /** An earlier version, which is published again: the way back. Default: the draft. */
  fromVersion?: number;
}

/** What publishing is for one kind of definition. */
export interface Publication {
  changes: DefinitionChanges;
  /** The action by which the audit log tells that what is published already is active now. */
  activated: string;
  /** What keeps a definition from being published beside what its examination tells. */
  problemsOf(definition: JsonObject, isWellFormed: boolean): Promise<Problem[]>;
  /** Throws `plan_required`. */
  assertMayRun(definition: JsonObject, becomesActive: boolean): Promise<void>;
  /** What the definition gets for settings that it does not name; null: what every version gets. */
  settingDefaults(definition: JsonObject): SettingDefaults | null;
  /** What belongs to the new version. */
  published(versionId: string, draft: DraftColumns): Promise<void>;
}

/**
 * Publishes the draft of a locked row, or an earlier version, and says whether anything has changed. Throws
 * `definition_invalid`, `version_not_found` and `plan_required`.
 */
export async function publishRow(
  manager: EntityManager,
  row: WorkflowRow,
  { fromVersion, note = null, activate = true }: PublishCommand,
  caller: Caller,
  publication: Publication,
): Promise<boolean> {
  const { changes } = publication;
  const isActive = activate || row.status === 'active';
  const earlier = fromVersion === undefined ? null : await versionOf(manager, row, fromVersion, caller, changes.kind);
  const draft = changes.examine(earlier?.definition ?? row.draft);
  const problems = [...draft.problems, ...(await publication.problemsOf(draft.draft, draft.problems.length === 0))];
  if (problems.length > 0) {
    const what = earlier ? `Version ${earlier.version}` : 'The draft';
    throw new AutomationError('definition_invalid', `${what} has problems and cannot be published.`, {
      hint: 'Correct what the problems name, save the draft and publish again.',
      problems,
    });
  }
  const becomesActive = isActive && row.status !== 'active';
  await publication.assertMayRun(draft.draft, becomesActive);
  const isPublished = earlier ? earlier.isPublished : row.publishedVersionId !== null && !row.hasUnpublishedChanges;
  if (isPublished) return isActive && (await switchTo(changes, { status: 'active', action: publication.activated }, manager, row, caller));
  const status = isActive ? 'active' : 'paused';
  const { version, versionId } = await publishVersion(manager, caller.workspaceId, row.id, {
    ...draft,
    restoredFrom: earlier?.version ?? null,
    status,
    publishedBy: callerAsActor(caller),
    note,
    settingDefaults: publication.settingDefaults(draft.draft),
  });
  await publication.published(versionId, draft);
  if (earlier && !row.hasUnpublishedChanges) await draftFromPublished(manager, caller.workspaceId, row.id, draft.problems);
  const before = { status: row.status, version: row.publishedVersion };
  const after = { status, version, ...(earlier ? { restoredFrom: earlier.version } : {}) };
  await changes.audit(manager, caller, row.id, { action: 'published', before, after, note });
  return true;
}

/** Makes a locked row be something else; false when it is so already. */
export async function switchTo(
  changes: DefinitionChanges,
  { status, action, note = null }: { status: WorkflowStatus; action: string; note?: string | null },
  manager: EntityManager,
  row: WorkflowRow,
  caller: Caller,
): Promise<boolean> {
  if (row.status === status) return false;
  await setStatus(manager, caller.workspaceId, row.id, status);
  await changes.audit(manager, caller, row.id, { action, before: { status: row.status }, after: { status }, note });
  return true;
}

/** A version of a locked row. Throws `version_not_found`. */
export async function versionOf(
  manager: EntityManager,
  row: WorkflowRow,
  version: number,
  { workspaceId }: Caller,
  kind: DefinitionKind = 'workflow',
): Promise<StoredVersion> {
  const found = await findVersion(manager, workspaceId, row.id, version);
  if (!found) throw versionNotFound(version, kind);
  return found;
}

/** The error for a number that no version has. */
export function versionNotFound(version: number, kind: DefinitionKind = 'workflow'): AutomationError {
  return new AutomationError('version_not_found', `The ${kind} has no version ${version}.`, {
    hint: `The list of its versions is at \`GET ${kind}s/{id}/versions\`.`,
  });
}
