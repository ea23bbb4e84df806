import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { parseDefinition } from '../core/definition/parser.js';
import { type PublishWarning, publishWarnings } from '../core/definition/publish-warnings.js';
import { AutomationError, type Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import type { Caller } from '../host/access.js';
import { AdminDatabase } from '../store/admin-database.js';
import { findWorkflow, type WorkflowDetail } from '../store/workflow-list-store.js';
import { countUnfinishedRuns, findVersion } from '../store/workflow-versions.js';
import { ActiveNeighbours } from './active-neighbours.js';
import { AskedPeople } from './asked-people.js';
import { CrmInquiries } from './crm-inquiry.js';
import type { Compared, WorkflowDiff } from './definition-versions.js';
import { versionNotFound } from './publishing.js';
import { SecretUses } from './secret-uses.js';
import type { SimulatedEvent } from './simulated-starts.js';
import { Simulations } from './simulation.js';
import { missingWorkflows } from './started-workflows.js';
import { WorkflowChanges, workflowNotFound } from './workflow-changes.js';
import { WorkflowVersions } from './workflow-versions.js';
import { WorkflowWarnings } from './workflow-warnings.js';

/** The runs of one version that are not over. */
export interface InFlight {
  version: number;
  queued: number;
  running: number;
  waiting: number;
}

/** What is to be published beside what is. */
export interface ComparedDraft {
  /** To be sent with the publication: a draft that has changed since is refused. */
  revision: number;
  /** The version that is published now; null when there is none. */
  base: number | null;
  /** What would change; null when nothing is published. */
  diff: WorkflowDiff | null;
}

/** What publishing would mean. */
export interface PublishPreview extends ComparedDraft {
  /** What keeps it from being published. */
  problems: Problem[];
  /** What does not, and deserves a look; none while there are problems. */
  warnings: PublishWarning[];
  /** Runs that stay on their versions. Counted up to 10,000. */
  inFlight: InFlight[];
  /** What it would have made of the last days; null while there are problems, and where no event starts it. */
  matches: PastMatches | null;
}

/** What is to be published, held against the events of the last days beside what is published now. */
export interface PastMatches {
  days: number;
  /** Events of the kinds that the two listen to. */
  events: number;
  /** Those on which the published version would have started; null when nothing is published. */
  published: number | null;
  /** Those on which what is to be published would have started. */
  draft: number;
  /** The newest on which only one of the two would have. */
  differing: SimulatedEvent[];
  differingTotal: number;
  /** There are more events than could be asked in time: the numbers are of the newest. `simulate` tells the rest. */
  partial: boolean;
}

const LOOKED_BACK_DAYS = 7;

/** Says what a publication would mean, before anybody publishes. */
@Injectable()
export class PublishPreviews {
  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
    private readonly changes: WorkflowChanges,
    private readonly versions: WorkflowVersions,
    private readonly own: WorkflowWarnings,
    private readonly neighbours: ActiveNeighbours,
    private readonly simulations: Simulations,
    private readonly secrets: SecretUses,
    private readonly asked: AskedPeople,
    private readonly inquiries: CrmInquiries,
  ) {}

  /** Of the draft, or of an earlier version that is to be published again. Throws `workflow_not_found` and `version_not_found`. */
  async preview(id: string, fromVersion: number | null, caller: Caller): Promise<PublishPreview> {
    const owner = { workspaceId: caller.workspaceId, workflowId: id };
    const asked = await this.changes.toPublish(id, fromVersion ?? undefined, caller);
    const inquiry = this.inquiries.open(caller.workspaceId);
    const [people] = await Promise.all([
      this.asked.known(inquiry, asked === null ? [] : [asked]),
      asked === null ? null : this.own.prepare(inquiry, asked),
    ]);
    const { workflow, definition, among, ...rest } = await this.database.read(async (manager) => {
      const workflow = isUuid(id) ? await findWorkflow(manager, caller.workspaceId, id) : null;
      if (!workflow) throw workflowNotFound();
      const definition = await definitionOf(manager, workflow, fromVersion, caller);
      const examined = this.changes.examine(definition).problems;
      const missing = examined.length > 0 ? [] : await missingWorkflows(manager, caller.workspaceId, definition);
      const problems = [
        ...examined,
        ...missing,
        ...(await this.secrets.problemsIn(manager, definition, caller.workspaceId)),
        ...(await this.asked.problemsIn(manager, definition, caller.workspaceId, people)),
      ];
      const among = problems.length > 0 ? [] : await this.warnings(manager, workflow, definition, caller);
      return { workflow, definition, problems, among, inFlight: inFlight(await countUnfinishedRuns(manager, caller.workspaceId, id)) };
    });
    const base = workflow.published?.version ?? null;
    const diff = base === null ? null : await this.versions.diff(id, base, fromVersion ?? 'draft', caller);
    const own = rest.problems.length > 0 ? [] : await this.own.of(inquiry, owner, definition);
    const warnings = [...own.map((warning) => ({ ...warning, workflows: [] })), ...among];
    const matches = rest.problems.length > 0 ? null : await this.matches(id, fromVersion ?? 'draft', caller);
    return { revision: workflow.revision, base, diff, warnings, ...rest, matches };
  }

  private async matches(id: string, version: Compared, caller: Caller): Promise<PastMatches | null> {
    try {
      const past = await this.simulations.simulate(id, { version, days: LOOKED_BACK_DAYS, cursor: null }, caller);
      const { days, events, publishedStarting, starting, differences, differing, partial } = past;
      return { days, events, published: publishedStarting, draft: starting, differing: differences, differingTotal: differing, partial };
    } catch (error) {
      if (error instanceof AutomationError && error.code === 'not_simulated') return null;
      throw error;
    }
  }

  private async warnings(
    manager: EntityManager,
    { id, code, name }: WorkflowDetail,
    definition: JsonObject,
    caller: Caller,
  ): Promise<PublishWarning[]> {
    const parsed = parseDefinition(definition, null);
    if (!parsed.ok) return [];
    const active = await this.neighbours.versions(manager, caller.workspaceId);
    const others = active.map((version) => ({ ...version.workflow, definition: version.definition }));
    return publishWarnings({ id, code, name, definition: parsed.definition }, others, this.catalog);
  }
}

async function definitionOf(manager: EntityManager, workflow: WorkflowDetail, version: number | null, caller: Caller): Promise<JsonObject> {
  if (version === null) return workflow.definition;
  const found = await findVersion(manager, caller.workspaceId, workflow.id, version);
  if (!found) throw versionNotFound(version);
  return found.definition;
}

function inFlight(unfinished: readonly { version: number; status: 'queued' | 'running' | 'waiting'; runs: number }[]): InFlight[] {
  const byVersion = new Map<number, InFlight>();
  for (const { version, status, runs } of unfinished) {
    const counts = byVersion.get(version) ?? { version, queued: 0, running: 0, waiting: 0 };
    counts[status] += runs;
    byVersion.set(version, counts);
  }
  return [...byVersion.values()];
}
