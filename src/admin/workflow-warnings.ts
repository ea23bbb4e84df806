import { Injectable } from '@nestjs/common';
import { Mailer, SET_UP_MAIL } from '../actions/email/mailer.js';
import { sendEmail } from '../actions/send-email.js';
import { contextWarnings } from '../core/definition/context-reads.js';
import { parseDefinition } from '../core/definition/parser.js';
import type { WorkflowDefinition } from '../core/definition/types.js';
import { type DefinitionWarning, namedStages, stageWarnings } from '../core/definition/warnings.js';
import type { JsonObject } from '../core/json.js';
import { walkSteps } from '../core/steps/tree.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { AdminDatabase } from '../store/admin-database.js';
import { type ContextOwner, loadContexts } from '../store/context-store.js';
import { AskedPeople } from './asked-people.js';
import type { CrmInquiry } from './crm-inquiry.js';

/** What deserves a look in a definition without being wrong: what only the host knows, and may change at any time. */
@Injectable()
export class WorkflowWarnings {
  constructor(
    private readonly database: AdminDatabase,
    private readonly catalog: AutomationCatalog,
    private readonly people: AskedPeople,
    private readonly mailer: Mailer,
  ) {}

  /**
   * The warnings of a definition, each kind in the order in which it is written; none while it has problems, which come first. The
   * host is asked only about what the definition names; an answer that does not come is a warning, too.
   */
  async of(inquiry: CrmInquiry, owner: ContextOwner, definition: JsonObject): Promise<DefinitionWarning[]> {
    const parsed = parseDefinition(definition, this.catalog);
    if (!parsed.ok) return [];
    const ofCrm = await this.ofCrm(inquiry, definition, parsed.definition);
    const { silence } = inquiry;
    const ofContext = await this.ofContext(owner, parsed.definition);
    return [...ofCrm, ...ofContext, ...this.ofMail(parsed.definition), ...(silence ? [silence] : [])];
  }

  /** Asks the CRM what {@link of} is going to ask it: together with other questions of that moment. */
  async prepare(inquiry: CrmInquiry, definition: JsonObject): Promise<void> {
    const parsed = parseDefinition(definition, this.catalog);
    if (parsed.ok) await this.ofCrm(inquiry, definition, parsed.definition);
  }

  private async ofCrm(inquiry: CrmInquiry, definition: JsonObject, parsed: WorkflowDefinition): Promise<DefinitionWarning[]> {
    const [ofStages, [ofPeople = []]] = await Promise.all([this.ofStages(inquiry, parsed), this.people.warnings(inquiry, [definition])]);
    return [...ofStages, ...ofPeople];
  }

  /** What the context holds is asked for only where something seems to be missing. */
  private async ofContext(owner: ContextOwner, definition: WorkflowDefinition): Promise<DefinitionWarning[]> {
    if (contextWarnings(definition, []).length === 0) return [];
    const contexts = await this.database.read((manager) => loadContexts(manager, [owner]));
    return contextWarnings(definition, Object.keys(contexts.get(owner.workflowId) ?? {}));
  }

  /** That nothing can be sent would else be heard of by the first run, which fails. */
  private ofMail({ steps }: WorkflowDefinition): DefinitionWarning[] {
    if (this.mailer.isSetUp) return [];
    const mails = [...walkSteps(steps)].filter(({ step }) => step.kind === 'action' && step.type === sendEmail.type);
    const message = 'Mail is not set up in this application: the step will fail.';
    return mails.map(({ jsonPath }) => ({ path: jsonPath, code: 'mail_not_configured', message, hint: SET_UP_MAIL }));
  }

  private async ofStages(inquiry: CrmInquiry, definition: WorkflowDefinition): Promise<DefinitionWarning[]> {
    const named = namedStages(definition, this.catalog);
    const [first] = named;
    const stages = first === undefined ? null : await inquiry.stages(first.module);
    return stages === null ? [] : stageWarnings(named, stages);
  }
}
