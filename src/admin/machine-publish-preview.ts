import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import type { DefinitionWarning } from '../core/definition/warnings.js';
import type { Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { parseMachine } from '../core/machine/parser.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { type BoundedCount, NONE } from '../store/bounded-count.js';
import { countByState, type StateCount } from '../store/machines/census.js';
import { countMissedTimeouts } from '../store/machines/instance-list.js';
import { findMachine } from '../store/machines/machine-list.js';
import { findVersion } from '../store/workflow-versions.js';
import { CrmInquiries } from './crm-inquiry.js';
import { MachineChanges } from './machine-changes.js';
import { type MachineMigration, movable } from './machine-migration.js';
import { MachineProblems } from './machine-problems.js';
import { MachineVersions } from './machine-versions.js';
import { MachineWarnings } from './machine-warnings.js';
import type { ComparedDraft } from './publish-preview.js';
import { versionNotFound } from './publishing.js';

/** What publishing a machine would mean. */
export interface MachinePublishPreview extends ComparedDraft {
  /** What keeps it from being published. */
  problems: Problem[];
  /** What does not, and deserves a look; none while there are problems. */
  warnings: DefinitionWarning[];
  /** Instances that are not at their end: they stay on their versions until they are migrated. */
  inFlight: { version: number; instances: number }[];
  /** What `migrate` with the publication would make of the instances; null while there are problems. */
  migration: Pick<MachineMigration, 'migrated' | 'staying'> | null;
  /** Timeouts that came due while the machine was disabled: enabling it with the publication fires them. */
  missedTimeouts: BoundedCount;
}

/** Says what the publication of a machine would mean, before anybody publishes. */
@Injectable()
export class MachinePublishPreviews {
  constructor(
    private readonly database: AdminDatabase,
    private readonly changes: MachineChanges,
    private readonly versions: MachineVersions,
    private readonly lacking: MachineProblems,
    private readonly warnings: MachineWarnings,
    private readonly inquiries: CrmInquiries,
  ) {}

  /** Of the draft, or of an earlier version that is to be published again. Throws `machine_not_found` and `version_not_found`. */
  async preview(id: string, fromVersion: number | null, caller: Caller): Promise<MachinePublishPreview> {
    const { workspaceId } = caller;
    const inquiry = this.inquiries.open(workspaceId);
    const people = await this.lacking.people(await this.changes.toPublish(id, fromVersion ?? undefined, caller), inquiry);
    const { machine, definition, problems, counts, missedTimeouts } = await this.database.read(async (manager) => {
      const machine = isUuid(id) ? await findMachine(manager, workspaceId, id) : null;
      if (!machine) throw this.changes.notFound();
      const version = fromVersion === null ? null : await findVersion(manager, workspaceId, id, fromVersion);
      if (fromVersion !== null && !version) throw versionNotFound(fromVersion, 'machine');
      const definition = version?.definition ?? machine.definition;
      const examined = this.changes.examine(definition).problems;
      const missing = await this.lacking.of(manager, definition, workspaceId, { isWellFormed: examined.length === 0, people });
      return {
        machine,
        definition,
        problems: [...examined, ...missing],
        counts: await countByState(manager, workspaceId, id),
        missedTimeouts: machine.enabled ? NONE : await countMissedTimeouts(manager, workspaceId, id),
      };
    });
    const base = machine.published?.version ?? null;
    const isPublished = fromVersion === null ? base !== null && !machine.hasUnpublishedChanges : fromVersion === base;
    // What is published already makes no further version: who is on it stays on it.
    const others = isPublished ? counts.filter(({ version }) => version !== base) : counts;
    return {
      revision: machine.revision,
      base,
      diff: base === null ? null : await this.versions.diff(id, base, fromVersion ?? 'draft', caller),
      problems,
      warnings: problems.length > 0 ? [] : await this.warnings.of(definition, inquiry),
      inFlight: inFlight(counts),
      migration: problems.length > 0 ? null : migrationTo(definition, others),
      missedTimeouts,
    };
  }
}

function migrationTo(definition: JsonObject, counts: readonly StateCount[]): MachinePublishPreview['migration'] {
  const parsed = parseMachine(definition, null);
  const { ready, staying } = movable(counts, parsed.ok ? parsed.machine.states : []);
  return { migrated: ready, staying };
}

function inFlight(counts: readonly StateCount[]): MachinePublishPreview['inFlight'] {
  const byVersion = new Map<number, number>();
  for (const { version, isFinal, instances } of counts) {
    if (!isFinal) byVersion.set(version, (byVersion.get(version) ?? 0) + instances);
  }
  return [...byVersion].map(([version, instances]) => ({ version, instances }));
}
