import type { Type } from '@nestjs/common';
import { CreateAccount, PatchAccount } from '../accounts/account.dto.js';
import { Account } from '../accounts/account.entity.js';
import { CreateContact, PatchContact } from '../contacts/contact.dto.js';
import { Contact } from '../contacts/contact.entity.js';
import { CreateInvoice, PatchInvoice } from '../invoices/invoice.dto.js';
import { Invoice } from '../invoices/invoice.entity.js';
import { CreateLead, PatchLead } from '../leads/lead.dto.js';
import { Lead } from '../leads/lead.entity.js';
import { CreateOpportunity, PatchOpportunity } from '../opportunities/opportunity.dto.js';
import { Opportunity } from '../opportunities/opportunity.entity.js';
import { CreateTask, PatchTask } from '../tasks/task.dto.js';
import { Task } from '../tasks/task.entity.js';
import type { CrmRecord } from './record.entity.js';

/**
 * How a module tells automation of its changes.
 * - `publish`: inside the transaction that makes the change; captured if and only if it commits.
 * - `emitter`: by EventEmitter2 after the commit; what most hosts have already, lost if the process dies in between.
 */
export type Door = 'publish' | 'emitter';

/** One kind of record of this CRM. */
export interface CrmModule {
  /** As in the path: `/crm/leads`. */
  name: string;
  singular: string;
  entity: Type<CrmRecord>;
  createInput: Type;
  patchInput: Type;
  door: Door;
  /** Whether `stage` has to be one of the workspace's pipeline. */
  hasStages?: boolean;
}

const LEADS: CrmModule = {
  name: 'leads',
  singular: 'lead',
  entity: Lead,
  createInput: CreateLead,
  patchInput: PatchLead,
  door: 'publish',
  hasStages: true,
};
const OPPORTUNITIES: CrmModule = {
  name: 'opportunities',
  singular: 'opportunity',
  entity: Opportunity,
  createInput: CreateOpportunity,
  patchInput: PatchOpportunity,
  door: 'publish',
  hasStages: true,
};
const INVOICES: CrmModule = {
  name: 'invoices',
  singular: 'invoice',
  entity: Invoice,
  createInput: CreateInvoice,
  patchInput: PatchInvoice,
  door: 'publish',
};
const CONTACTS: CrmModule = {
  name: 'contacts',
  singular: 'contact',
  entity: Contact,
  createInput: CreateContact,
  patchInput: PatchContact,
  door: 'emitter',
};
const ACCOUNTS: CrmModule = {
  name: 'accounts',
  singular: 'account',
  entity: Account,
  createInput: CreateAccount,
  patchInput: PatchAccount,
  door: 'emitter',
};
const TASKS: CrmModule = {
  name: 'tasks',
  singular: 'task',
  entity: Task,
  createInput: CreateTask,
  patchInput: PatchTask,
  door: 'emitter',
};

export const CRM_MODULES: readonly CrmModule[] = [LEADS, OPPORTUNITIES, INVOICES, CONTACTS, ACCOUNTS, TASKS];
