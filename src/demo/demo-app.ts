import type { LogLevel } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { setupAutomationDocs } from '../index.js';
import { RecipeInstaller } from './automation/recipes.js';
import { demoModule } from './demo.module.js';
import { MailServer } from './mail/mail-server.js';
import { freePort } from './postgres/embedded-postgres.js';

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
  app: NestExpressApplication;
  /** `http://127.0.0.1:3000` */
  origin: string;
  smtpPort: number;
  /** Names of the recipes that were put to work at this start. */
  installed: string[];
  /** Lets running work finish and stops everything but the database. */
  close(): Promise<void>;
}

/** Starts the CRM with its automation on a database. */
export async function startDemo(options: DemoOptions): Promise<RunningDemo> {
  // Known beforehand, because the allow-list and the webhook to the sink name it.
  const port = options.port === 0 ? await freePort() : options.port;
  const origin = `http://127.0.0.1:${port}`;
  const app = await NestFactory.create<NestExpressApplication>(
    demoModule({ databaseUrl: options.databaseUrl, origin, sinkSecret: options.sinkSecret }),
    { abortOnError: false, rawBody: true, ...(options.logLevels === undefined ? {} : { logger: options.logLevels }) },
  );
  try {
    setupAutomationDocs(app);
    await app.listen(port, process.env.HOST ?? '127.0.0.1');
    const installed = await app.get(RecipeInstaller).install('acme');
    return { app, origin, smtpPort: app.get(MailServer).port, installed, close: () => app.close() };
  } catch (error) {
    await app.close();
    throw error;
  }
}
