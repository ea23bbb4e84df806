import 'reflect-metadata';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectRoot } from '../../../src/demo/project-root.js';
import { startOwnPostgres } from '../../faults/support/lab-postgres.js';
import { startDumpApp } from './dump-app.js';
import { DEADLY, farSide, playAfterlife, playLastScene, playScenes } from './scenes.js';
import { dumpDatabase } from './sql-dump.js';

/**
 * Makes `test/support/dumps/<version>.sql`: a database of the release that is checked out, with runs in every state, for
 * the tests of later releases (test/upgrade). Each release makes its own, once, right before it is tagged:
 *
 *     npm run build:programs && node dist-programs/test/support/dumps/make.js
 *
 * The module is used through its public API; what a release cannot be brought to do that way is one UPDATE in scenes.ts.
 * A dump that has been released is not made again: it would be another release's.
 */
const WORKER = 'DUMP_WORKER';

/** Another process of the same CRM, which takes up what it finds and does not survive one of its calls. */
async function dieAtWork(url: string): Promise<void> {
  const app = await startDumpApp(url, {
    concurrency: 1,
    async answer(call) {
      if (call.to === DEADLY) process.kill(process.pid, 'SIGKILL');
      return farSide(call, new Set());
    },
  });
  await app.automation.tick();
  throw new Error('The process should have died in the middle.');
}

async function make(): Promise<void> {
  const { version } = JSON.parse(await readFile(join(projectRoot(), 'package.json'), 'utf8')) as { version: string };
  const postgres = await startOwnPostgres();
  try {
    const definitions: string[] = [];
    const logger = { logQuery: (statement: string) => void (isDefinition(statement) && definitions.push(statement)) };
    const mended = new Set<string>();
    const app = await startDumpApp(postgres.url, { answer: (call) => farSide(call, mended), logger });
    // What the scenes themselves create and drop is no part of the schema.
    const schema = [...definitions];
    await playScenes(app, mended);
    await playLastScene(app);
    const worker = fork(fileURLToPath(import.meta.url), { env: { ...process.env, [WORKER]: postgres.url } });
    const [code, signal] = (await once(worker, 'exit')) as [number | null, string | null];
    if (signal !== 'SIGKILL') throw new Error(`The process that was to be killed ended with ${code ?? signal}.`);
    await playAfterlife(app);
    await app.close();
    const head = [
      `-- nestjs-crm-automation ${version}: a database with runs in every state. Made by test/support/dumps/make.ts; not to be edited.`,
      `-- made at ${new Date().toISOString().replace(/\.\d+Z$/, 'Z')}`,
    ];
    const file = join(projectRoot(), 'test', 'support', 'dumps', `${version}.sql`);
    await writeFile(file, `${head.join('\n')}\n${await dumpDatabase(postgres.url, schema)}\n`);
    console.log(file);
  } finally {
    await postgres.remove();
  }
}

function isDefinition(statement: string): boolean {
  return /^\s*(CREATE|ALTER|DROP|COMMENT|DO)\b/i.test(statement);
}

await (process.env[WORKER] ? dieAtWork(process.env[WORKER]) : make());
