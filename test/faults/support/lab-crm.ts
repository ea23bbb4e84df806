import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { adminOf } from '../../../src/demo/access/tokens.js';
import { CRM_MODULES, type CrmModule } from '../../../src/demo/crm/crm-modules.js';
import { RecordService } from '../../../src/demo/crm/record.service.js';
import { demoModule } from '../../../src/demo/demo.module.js';
import { MailServers } from '../../../src/demo/mail/mail-servers.js';
import { type JsonObject, type RecordData, WorkflowService } from '../../../src/index.js';
import { LAB_SECRET } from './lab-secret.js';
import { TROUBLE_ACTIONS } from './trouble-actions.js';

/** The demo CRM in the lab's own process: it makes workflows and records, and works on nothing. */
export interface LabCrm {
  context: INestApplicationContext;
  /** Creates, publishes and activates a workflow; answers its id. */
  publishWorkflow(definition: JsonObject, name?: string): Promise<string>;
  /** Creates a lead in a transaction of its own, which publishes `leads.created`. Rejects when that may not have committed. */
  createLead(values?: object): Promise<RecordData>;
  close(): Promise<void>;
}

/** Opens it; this brings the tables of the demo and of automation into an empty database. */
export async function openLabCrm(place: { databaseUrl: string; smtpUrl: string; outboundAllow: string[] }): Promise<LabCrm> {
  const mailServers = await MailServers.start();
  const settings = {
    ...place,
    origin: 'http://127.0.0.1:1',
    sinkSecret: LAB_SECRET,
    worker: { enabled: false },
    actions: TROUBLE_ACTIONS,
  };
  // Without a log: losing connections is what happens here all the time.
  const context = await NestFactory.createApplicationContext(demoModule(settings, mailServers), { abortOnError: false, logger: ['fatal'] });
  const admin = adminOf('acme');
  const workflows = context.get(WorkflowService);
  const records = context.get(RecordService);
  const leads = CRM_MODULES.find((module) => module.name === 'leads') as CrmModule;
  return {
    context,
    async publishWorkflow(definition, name = 'Under fault') {
      const { id } = await workflows.create({ name, definition }, admin);
      await workflows.publish(id, admin);
      return id;
    },
    createLead: (values = {}) => records.create(leads, { name: 'Ada', email: 'ada@lead.test', ...values }, admin),
    async close() {
      await context.close();
      await mailServers.close();
    },
  };
}
