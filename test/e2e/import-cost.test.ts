import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { createSampleDatabase } from '../support/template-databases.js';

// Importing the package must cost a host little. Times depend on the machine (`BENCH_ONLY=import npm run bench` tells
// them); what they come from does not: how many files are looked for, and whose.

/** Packages that only some hosts need, or only later. */
const LATE =
  /node_modules\/(@nestjs\/(swagger|event-emitter)|nodemailer|handlebars|luxon|cron|undici|re2js|ipaddr\.js|standardwebhooks|uuid)\//;

test('importing the package opens five files of ours, and none of a library that may never be needed', async () => {
  const files = await filesLoadedBy('await import(ENTRY)', 'dist/src/index.js');
  expect(files.filter((file) => LATE.test(file))).toEqual([]);
  expect(ours(files)).toContain('dist/src/index.js');
  expect(ours(files).length).toBeLessThanOrEqual(5);
});

test('so does requiring its CommonJS build', async () => {
  const files = await filesLoadedBy('require(fileURLToPath(ENTRY))', 'dist/cjs/src/index.js');
  expect(files.filter((file) => LATE.test(file))).toEqual([]);
  expect(ours(files)).toContain('dist/cjs/src/index.js');
  expect(ours(files).length).toBeLessThanOrEqual(5);
});

test('a start does without what decides, and loads it when it is first used', async () => {
  const database = await createSampleDatabase();
  try {
    const loaded = await output(
      `import { createRequire } from 'node:module';
       import { fileURLToPath } from 'node:url';
       import { NestFactory } from '@nestjs/core';
       import { DataSource, EntitySchema } from 'typeorm';
       const require = createRequire(ENTRY);
       const { AutomationModule, typeOrmCrm, WorkflowService } = require(fileURLToPath(ENTRY));
       const columns = { id: { type: 'text', primary: true }, workspaceId: { type: 'text' }, name: { type: 'text' } };
       const Lead = new EntitySchema({ name: 'Lead', tableName: 'crm_leads', columns });
       const dataSource = await new DataSource({ type: 'postgres', url: ${JSON.stringify(database.url)}, entities: [Lead] }).initialize();
       const module = AutomationModule.forRoot({ dataSource, crm: typeOrmCrm({ leads: { entity: Lead } }) });
       const app = await NestFactory.createApplicationContext(module, { logger: false });
       const isLate = () => Object.keys(require.cache).some((file) => /cjs.src.shared.late\\.js$/.test(file));
       const seen = [isLate()];
       const caller = { userId: 'u-1', workspaceId: 'acme', permissions: ['manage'] };
       await app.get(WorkflowService).create({ name: 'W', definition: { trigger: { type: 'event', module: 'leads', event: 'created' }, steps: [] } }, caller);
       seen.push(isLate());
       await app.close();
       await dataSource.destroy();
       console.log(JSON.stringify(seen));`,
      'dist/cjs/src/index.js',
    );
    expect(JSON.parse(loaded)).toEqual([false, true]);
  } finally {
    await database.drop();
  }
});

test('what is built keeps the names of classes, and stack traces name functions', async () => {
  const { names, stack } = JSON.parse(
    await output(
      `const all = await import(ENTRY);
       const names = Object.entries(all).filter(([, it]) => /^class/.test(String(it))).map(([name, it]) => [name, it.name]);
       let stack;
       try { new all.OutboundHttp({ allow: ['no host'] }); } catch (error) { stack = error.stack; }
       console.log(JSON.stringify({ names, stack }));`,
      'dist/src/index.js',
    ),
  );
  expect(names).toContainEqual(['AutomationModule', 'AutomationModule']);
  expect(names.filter(([exported, own]: [string, string]) => exported !== own && exported !== 'AutomationError')).toEqual([]);
  expect(stack).toMatch(/at parseRule \(.*dist\/src\/shared\/automation\.js:\d+:\d+\)\n(.*\n)* .* new AddressGuard /);
});

function ours(files: readonly string[]): string[] {
  return files.filter((file) => !file.includes('node_modules')).map((file) => file.slice(file.indexOf('dist/')));
}

/** The files that the process opens as modules, in whatever format they are. */
async function filesLoadedBy(statement: string, entry: string): Promise<string[]> {
  // Node tells which modules it loads: of CommonJS by its cache, of ES modules to a hook, in a thread of its own.
  const hook = `let port;
    export const initialize = (data) => { port = data; };
    export const load = (url, context, next) => { port.postMessage(url); return next(url, context); };`;
  return JSON.parse(
    await output(
      `import { createRequire, register } from 'node:module';
       import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
       import { fileURLToPath, pathToFileURL } from 'node:url';
       const require = createRequire(ENTRY);
       const { port1, port2 } = new MessageChannel();
       register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}), { data: port2, transferList: [port2] });
       ${statement};
       const files = new Set(Object.keys(require.cache).map((file) => pathToFileURL(file).href));
       for (let said = receiveMessageOnPort(port1); said; said = receiveMessageOnPort(port1)) files.add(said.message);
       console.log(JSON.stringify([...files].filter((file) => file.startsWith('file:'))));
       process.exit(0);`,
      entry,
    ),
  );
}

async function output(program: string, entry: string): Promise<string> {
  const text = `const ENTRY = ${JSON.stringify(pathToFileURL(entry).href)};\n${program}`;
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', text], { env });
  return stdout;
}
