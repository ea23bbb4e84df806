import { In, Not } from 'typeorm';
import { type CrmHost, typeOrmCrm } from '../../index.js';
import { PatchAccount } from '../accounts/account.dto.js';
import { Account } from '../accounts/account.entity.js';
import { PatchContact } from '../contacts/contact.dto.js';
import { Contact } from '../contacts/contact.entity.js';
import { INVOICE_STATUSES, LEAD_SOURCES, PRIORITIES, TASK_STATUSES } from '../crm/values.js';
import { PatchInvoice } from '../invoices/invoice.dto.js';
import { Invoice } from '../invoices/invoice.entity.js';
import { PatchLead } from '../leads/lead.dto.js';
import { Lead } from '../leads/lead.entity.js';
import { PatchOpportunity } from '../opportunities/opportunity.dto.js';
import { Opportunity } from '../opportunities/opportunity.entity.js';
import { CreateTask, PatchTask } from '../tasks/task.dto.js';
import { Task } from '../tasks/task.entity.js';
import { Note } from '../users/note.entity.js';
import { Notification } from '../users/notification.entity.js';
import { PipelineStage } from '../users/pipeline-stage.entity.js';
import { User } from '../users/user.entity.js';

/**
 * What automation gets to know of this CRM: its entities, what their metadata cannot tell, and the classes that validate
 * requests: what no person may save, no workflow may write.
 */
export function demoCrmHost(): CrmHost {
  const priority = { options: [...PRIORITIES] };
  return typeOrmCrm(
    {
      leads: {
        entity: Lead,
        validate: PatchLead,
        stage: 'stage',
        owner: 'ownerId',
        tags: 'tags',
        stages: { entity: PipelineStage, where: { module: 'leads' } },
        fields: { source: { options: [...LEAD_SOURCES] }, priority },
        events: {
          converted: { on: 'changed', field: 'stage', to: ['Converted'] },
          disqualified: { on: 'changed', field: 'stage', to: ['Disqualified'] },
        },
        open: { stage: Not(In(['Converted', 'Disqualified'])) },
      },
      opportunities: {
        entity: Opportunity,
        validate: PatchOpportunity,
        stage: 'stage',
        owner: 'ownerId',
        stages: { entity: PipelineStage, where: { module: 'opportunities' } },
        fields: { priority },
        events: {
          closed_won: { on: 'changed', field: 'stage', to: ['Closed Won'] },
          closed_lost: { on: 'changed', field: 'stage', to: ['Closed Lost'] },
        },
        open: { stage: Not(In(['Closed Won', 'Closed Lost'])) },
      },
      contacts: { entity: Contact, validate: PatchContact, owner: 'ownerId' },
      accounts: { entity: Account, validate: PatchAccount, owner: 'ownerId' },
      tasks: {
        entity: Task,
        validate: PatchTask,
        owner: 'assigneeId',
        fields: {
          status: { options: [...TASK_STATUSES] },
          priority,
          // What a task is about is said when it is made.
          relatedModule: { writable: false },
          relatedId: { writable: false },
        },
        events: { completed: { on: 'changed', field: 'status', to: ['Completed'] } },
        open: { status: 'Open' },
      },
      invoices: {
        entity: Invoice,
        validate: PatchInvoice,
        owner: 'ownerId',
        fields: { status: { options: [...INVOICE_STATUSES] } },
        events: {
          sent: { on: 'changed', field: 'status', to: ['Sent'] },
          paid: { on: 'changed', field: 'status', to: ['Paid'] },
          // Not told from the record: the job in invoices/overdue-invoices.job.ts says so.
          overdue: { on: 'custom' },
        },
      },
    },
    {
      users: { entity: User },
      tasks: { entity: Task, validate: CreateTask, properties: { recordModule: 'relatedModule', recordId: 'relatedId' } },
      notes: { entity: Note, properties: { recordModule: 'relatedModule', recordId: 'relatedId' } },
      notifications: { entity: Notification, properties: { recordModule: 'relatedModule', recordId: 'relatedId' } },
    },
  );
}
