import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunningDemo, startDemo } from './demo-app.js';
import { type PostgresServer, startPostgres } from './postgres/embedded-postgres.js';
import { projectRoot } from './project-root.js';
import { beTheOnlyDemo } from './running-demo.js';
import { welcome } from './welcome.js';

/** `npm start`: Postgres, then the CRM; and both down again, in the other order. */
async function main(): Promise<void> {
  const port = portFrom(process.env.PORT);
  const dataDir = join(projectRoot(), '.data');
  await mkdir(dataDir, { recursive: true });

  let postgres: PostgresServer | null = null;
  let demo: RunningDemo | null = null;
  let release: (() => Promise<void>) | null = null;
  const stop = async (): Promise<void> => {
    await demo?.close();
    await postgres?.stop();
    await release?.();
  };
  try {
    const given = process.env.DATABASE_URL;
    if (given === undefined || given === '') {
      release = await beTheOnlyDemo(join(dataDir, 'running'));
      say('Starting Postgres (the first time takes a few seconds) …');
      postgres = await startPostgres({ dataDir: join(dataDir, 'postgres') });
      say(`Postgres is up on port ${postgres.port}, its data in ${join(dataDir, 'postgres')}`);
    } else {
      say('Using the Postgres of DATABASE_URL');
    }
    say('Starting the CRM …');
    demo = await startDemo({
      databaseUrl: postgres?.url ?? (given as string),
      port,
      sinkSecret: await lastingSecret(join(dataDir, 'sink-secret')),
      logLevels: ['warn', 'error', 'fatal'],
    });
  } catch (error) {
    await stop();
    throw error;
  }
  say(welcome(demo));

  // Not Nest's enableShutdownHooks: it ends the process when the application is down, and Postgres has to outlive that.
  say(`\n${await endSignal()}: letting running work finish (once more to stop at once) …`);
  await stop();
  say('Stopped. The data stays in .data/, for the next start.');
}

/** Settles at the first Ctrl-C or SIGTERM. A later one ends the process; the launcher's watcher then stops Postgres. */
function endSignal(): Promise<string> {
  return new Promise((done) => {
    let first = 0;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        // npm passes Ctrl-C on to us although the terminal has sent it already: twice within a moment is once.
        if (first !== 0 && Date.now() - first > 1000) process.exit(130);
        first ||= Date.now();
        done(signal);
      });
    }
  });
}

function portFrom(text: string | undefined): number {
  const port = Number(text || '3000');
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`PORT must be a number from 0 to 65535, not "${text}".`);
  return port;
}

/** Made at the first start; the workflow that signs with it stays in the database. */
async function lastingSecret(file: string): Promise<string> {
  const made = `whsec_${randomBytes(32).toString('base64')}`;
  await writeFile(file, made, { flag: 'wx', mode: 0o600 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return (await readFile(file, 'utf8')).trim();
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

main().catch((error: NodeJS.ErrnoException) => {
  const hint = error.code === 'EADDRINUSE' ? ' Set PORT to another one; PORT=0 takes any that is free.' : '';
  process.stderr.write(`\nThe demo could not start. ${error.message}${hint}\n`);
  // Whatever a half-started application has opened must not keep us here.
  process.exit(1);
});
