import type { LogLevel } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { setupAutomationDocs } from '../index.js';
import { FIRST_WORKSPACE } from './access/tokens.js';
import { MachineInstaller } from './automation/machines.js';
import { RecipeInstaller } from './automation/recipes.js';
import { demoModule } from './demo.module.js';
import { freePort } from './free-port.js';
import { MailServers } from './mail/mail-servers.js';

/** Where and how to start the demo. */
export interface DemoOptions {
  databaseUrl: string;
  /** 0: any free port. */
  port: number;
  /** See {@link DemoSettings}. */
  sinkSecret: string;
  /** Default: Nest's own. */
  logLevels?: LogLevel[];
}

/** A demo that answers requests. */
export interface RunningDemo {
  /** `http://127.0.0.1:3000` */
  origin: string;
  /** The mail server of the first workspace. */
  smtpPort: number;
  /** Names of the recipes that were put to work at this start. */
  installed: string[];
  /** The same of state machines. */
  machines: string[];
  /** Lets running work finish and stops everything but the database. */
  close(): Promise<void>;
}

/** Starts the CRM with its automation on a database. */
export async function startDemo(options: DemoOptions): Promise<RunningDemo> {
  // Known beforehand, because the allow-list and the webhook to the sink name it.
  const port = options.port === 0 ? await freePort() : options.port;
  const settings = { databaseUrl: options.databaseUrl, origin: `http://127.0.0.1:${port}`, sinkSecret: options.sinkSecret };
  const mailServers = await MailServers.start();
  let app: NestExpressApplication | null = null;
  const close = async (): Promise<void> => {
    await app?.close();
    // After the application: runs that finish while it shuts down still reach the mail server.
    await mailServers.close();
  };
  try {
    app = await NestFactory.create<NestExpressApplication>(demoModule(settings, mailServers), {
      abortOnError: false,
      rawBody: true,
      ...(options.logLevels === undefined ? {} : { logger: options.logLevels }),
    });
    app.useBodyParser('json', { limit: '256kb' });
    setupAutomationDocs(app);
    await app.listen(port, process.env.HOST ?? '127.0.0.1');
    const installed = await app.get(RecipeInstaller).install(FIRST_WORKSPACE);
    const machines = await app.get(MachineInstaller).install(FIRST_WORKSPACE);
    return { origin: settings.origin, smtpPort: mailServers.of(FIRST_WORKSPACE).port, installed, machines, close };
  } catch (error) {
    await close();
    throw error;
  }
}
