import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { adminOf } from '../../../src/demo/access/tokens.js';
import { CRM_MODULES, type CrmModule } from '../../../src/demo/crm/crm-modules.js';
import { RecordService } from '../../../src/demo/crm/record.service.js';
import { demoModule } from '../../../src/demo/demo.module.js';
import { MailServers } from '../../../src/demo/mail/mail-servers.js';
import { WorkflowService } from '../../../src/index.js';
import { LAB_SECRET } from '../support/lab-secret.js';
import { TROUBLE_ACTIONS } from '../support/trouble-actions.js';
import type { WorkerErrand, WorkerOrders, WorkerReport } from '../support/worker-protocol.js';

/**
 * A process of the demo CRM that works for automation and serves no HTTP. It loads its code, says so, and begins when its
 * parent tells it where: see WorkerOrders; from then on it also runs errands as the CRM's own code. On SIGTERM it shuts down and ends by itself when nothing is left open.
 */
let working: Promise<{ context: INestApplicationContext; mailServers: MailServers }> | null = null;
let ending = false;

function tell(report: WorkerReport, then: () => void = () => undefined): void {
  if (process.connected) process.send?.(report, undefined, undefined, then);
  else then();
}

function unhandled(error: unknown): void {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  console.error(what);
  tell({ kind: 'unhandled', what }, () => process.exit(70));
}

async function begin(orders: WorkerOrders): Promise<NonNullable<Awaited<typeof working>>> {
  // Reaches every connection of this process; the lab's trigger on runs reads it to note who claimed what.
  process.env.PGOPTIONS = `-c faults.worker=${orders.name}`;
  const { databaseUrl, smtpUrl, outboundAllow, worker, timezone } = orders;
  // The mailbox of the demo needs one; mail goes to the lab's.
  const mailServers = await MailServers.start();
  const settings = {
    databaseUrl,
    // Nobody calls this process: the address where nothing listens.
    origin: 'http://127.0.0.1:1',
    sinkSecret: LAB_SECRET,
    smtpUrl,
    outboundAllow,
    actions: TROUBLE_ACTIONS,
    ...(worker === undefined ? {} : { worker }),
    ...(timezone === undefined ? {} : { timezone }),
  };
  const context = await NestFactory.createApplicationContext(demoModule(settings, mailServers), {
    abortOnError: false,
    logger: ['warn', 'error', 'fatal'],
  });
  tell({ kind: 'ready' });
  return { context, mailServers };
}

async function run(errand: WorkerErrand): Promise<string> {
  const begun = await working;
  if (begun === null || ending) throw new Error('it does not work');
  const admin = adminOf('acme');
  if ('createLead' in errand) {
    const leads = CRM_MODULES.find(({ name }) => name === 'leads') as CrmModule;
    const { id } = await begun.context.get(RecordService).create(leads, errand.createLead, admin);
    return id as string;
  }
  const workflows = begun.context.get(WorkflowService);
  const { id } = await workflows.create({ name: 'Under fault', definition: errand.publishWorkflow }, admin);
  await workflows.publish(id, admin);
  return id;
}

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  const begun = await working;
  await begun?.context.close();
  await begun?.mailServers.close();
  if (process.connected) process.disconnect();
}

process.on('uncaughtException', unhandled);
process.on('unhandledRejection', unhandled);
process.on('SIGTERM', () => void end().catch(unhandled));
// Without its parent it has nobody to work for, and nobody who would end it.
process.on('disconnect', () => {
  if (!ending) process.exit(71);
});
process.once('message', (orders: WorkerOrders) => {
  working = begin(orders);
  working.catch(unhandled);
  process.on('message', (message: WorkerErrand) => {
    run(message).then(
      (id) => tell({ kind: 'done', errand: message.errand, id }),
      (error: unknown) => tell({ kind: 'not done', errand: message.errand, why: String(error) }),
    );
  });
});
tell({ kind: 'loaded' });
