import { Injectable } from '@nestjs/common';
import type { DefinitionWarning } from '../core/definition/warnings.js';
import type { JsonObject } from '../core/json.js';
import { parseMachine } from '../core/machine/parser.js';
import { below } from '../core/machine/publish-problems.js';
import { transitionVersions } from '../core/machine/transition-versions.js';
import { machineWarnings } from '../core/machine/warnings.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { AskedPeople } from './asked-people.js';
import type { CrmInquiry } from './crm-inquiry.js';

/** What deserves a look in a machine without being wrong. */
@Injectable()
export class MachineWarnings {
  constructor(
    private readonly catalog: AutomationCatalog,
    private readonly people: AskedPeople,
  ) {}

  /** None while it cannot be read: problems come first. */
  async of(definition: JsonObject, inquiry: CrmInquiry): Promise<DefinitionWarning[]> {
    const parsed = parseMachine(definition, this.catalog);
    if (!parsed.ok) return [];
    const transitions = transitionVersions(definition);
    const ofPeople = await this.people.warnings(
      inquiry,
      transitions.map((one) => one.definition),
    );
    const { silence } = inquiry;
    return [
      ...machineWarnings(parsed.machine, this.catalog),
      ...transitions.flatMap(({ path }, index) => below(path, ofPeople[index] ?? [])),
      ...(silence ? [silence] : []),
    ];
  }
}
