import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { demoModule } from '../../../src/demo/demo.module.js';
import { MailServers } from '../../../src/demo/mail/mail-servers.js';
import { LAB_SECRET } from '../support/lab-secret.js';

/**
 * A whole node of the demo CRM: serves the admin API, routes and works, on DATABASE_URL. Without the demo's recipes, whose
 * tasks would be counted as a case's own. Tells its parent its origin, and ends with it.
 */
process.env.PGOPTIONS = `-c faults.worker=${process.env.NODE_NAME}`;
const settings = {
  databaseUrl: process.env.DATABASE_URL ?? '',
  // Of no use here: nothing calls the sink.
  origin: 'http://127.0.0.1:1',
  sinkSecret: LAB_SECRET,
  // Of a node that only takes requests: others do its work, and it takes more of them than people would send.
  ...(process.env.NODE_WORKS === 'no' && { worker: { enabled: false }, hooks: { perMinute: 1_000_000, workspacePerMinute: 1_000_000 } }),
};
const app = await NestFactory.create(demoModule(settings, await MailServers.start()), {
  abortOnError: false,
  logger: ['error', 'fatal'],
});
await app.listen(0, '127.0.0.1');
process.on('disconnect', () => process.exit(71));
process.send?.({ origin: await app.getUrl() });
