import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Problem } from '../core/errors.js';
import type { JsonObject } from '../core/json.js';
import { below } from '../core/machine/publish-problems.js';
import { transitionVersions } from '../core/machine/transition-versions.js';
import { AskedPeople, type KnownPeople } from './asked-people.js';
import type { CrmInquiry } from './crm-inquiry.js';
import { MachineChanges } from './machine-changes.js';
import { SecretUses } from './secret-uses.js';
import { missingWorkflowsOfAll } from './started-workflows.js';

/** What keeps a machine from being published beside what its examination tells: what the workspace lacks. */
@Injectable()
export class MachineProblems {
  constructor(
    private readonly changes: MachineChanges,
    private readonly secrets: SecretUses,
    private readonly asked: AskedPeople,
  ) {}

  /** What the CRM says of the people whom transitions name: asked before anything is locked. What has problems is not published, whoever is there. */
  people(machine: JsonObject | null, inquiry: CrmInquiry): Promise<KnownPeople> {
    const isWellFormed = machine !== null && this.changes.examine(machine).problems.length === 0;
    return this.asked.known(inquiry, isWellFormed ? transitionVersions(machine).map(({ definition }) => definition) : []);
  }

  /** The workflows, secrets, queues and roles that transitions name, and that are not there. */
  async of(
    manager: EntityManager,
    machine: JsonObject,
    workspaceId: string,
    { isWellFormed, people }: { isWellFormed: boolean; people: KnownPeople },
  ): Promise<Problem[]> {
    const problems = await this.secrets.problemsIn(manager, machine, workspaceId);
    const transitions = isWellFormed ? transitionVersions(machine) : [];
    const definitions = transitions.map(({ definition }) => definition);
    const missing = await missingWorkflowsOfAll(manager, workspaceId, definitions);
    const asked = await this.asked.problemsInAll(manager, definitions, workspaceId, people);
    return [...problems, ...transitions.flatMap(({ path }, at) => below(path, [...(missing[at] ?? []), ...(asked[at] ?? [])]))];
  }
}
