import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import pg from 'pg';
import { AutomationModule } from '../../../src/automation.module.js';
import type { AutomationOptions } from '../../../src/automation.options.js';
import { Automation } from '../../../src/engine/automation.js';
import { sampleCrm, sampleDataSource } from '../../support/sample-crm.js';
import { leavesNoTrace } from '../support/traces.js';

/**
 * A worker process: routes and runs what is due on DATABASE_URL, then ends. With KILL_AT it is killed (SIGKILL, by
 * itself) in the place of the statement of that number, counted from the moment it begins to work, without
 * those for which {@link leavesNoTrace}.
 */
const killAt = Number(process.env.KILL_AT ?? Number.POSITIVE_INFINITY);
const source = await sampleDataSource(process.env.DATABASE_URL ?? '').initialize();

@Module({
  imports: [
    AutomationModule.forRootAsync({
      useFactory: (): AutomationOptions => ({
        dataSource: source,
        crm: sampleCrm(),
        worker: { enabled: false },
      }),
    }),
  ],
})
class WorkerModule {}

const context = await NestFactory.createApplicationContext(WorkerModule, { logger: false, abortOnError: false });
let statements = 0;
const client = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
const query = client.query;
client.query = function killing(this: unknown, ...args: unknown[]) {
  const [given] = args as [string | { text?: string } | undefined];
  const statement = (typeof given === 'string' ? given : given?.text) ?? '';
  if (!leavesNoTrace(statement)) statements += 1;
  if (statements === killAt) process.kill(process.pid, 'SIGKILL');
  return query.apply(this, args);
};
await context.get(Automation).drain();
console.log(statements);
await context.close();
await source.destroy();
