import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type RealApp, startRealApp } from '../security/support/real-app.js';

const run = promisify(execFile);

/** What somebody writes who has generated the types: all of it is checked against them. */
const PROGRAM = `
import createClient from 'openapi-fetch';
import type { components, paths } from './automation.js';

declare const process: { argv: string[] };

const client = createClient<paths>({ baseUrl: process.argv[2] ?? '', headers: { Authorization: 'Bearer admin' }, querySerializer: { array: { style: 'form', explode: false } } });

const me = await client.GET('/automation/me');
if (me.error) throw new Error(me.error.message);
const permissions: ('view' | 'operate' | 'manage' | 'tasks')[] = me.data.permissions;

const draft: components['schemas']['CreateWorkflowDto'] = {
  name: 'From a client',
  definition: {
    trigger: { type: 'event', module: 'leads', event: 'created' },
    steps: [{ id: 'call', type: 'create_task', with: { title: 'Call' } }],
  },
};
const created = await client.POST('/automation/workflows', { body: draft });
if (created.error) throw new Error(created.error.message);
const { id } = created.data;
await client.POST('/automation/workflows/{id}/publish', { params: { path: { id } }, body: { note: 'first' } });
const started = await client.POST('/automation/workflows/{id}/runs', { params: { path: { id } }, body: { record: { module: 'leads', id: '42' } } });
const runs = await client.GET('/automation/runs', { params: { query: { workflowId: id, status: ['succeeded', 'failed'], limit: 10 } } });
const found = await client.GET('/automation/records', { params: { query: { module: 'leads', search: 'ann' } } });
const refused = await client.GET('/automation/runs/{id}', { params: { path: { id } } });

// What the types forbid.
// @ts-expect-error there is no such status
await client.GET('/automation/runs', { params: { query: { status: ['sleeping'] } } });
// @ts-expect-error a workflow needs a name
const nameless: components['schemas']['CreateWorkflowDto'] = { definition: draft.definition };

console.log(JSON.stringify({
  permissions,
  problems: created.data.problems,
  event: started.data?.eventId,
  runs: runs.data?.items.length,
  titles: found.data?.items.map(({ title }) => title),
  refusal: refused.error?.code,
  nameless: nameless.name,
}));
`;

let real: RealApp;
let folder: string;
beforeAll(async () => {
  real = await startRealApp();
  folder = mkdtempSync(join(tmpdir(), 'automation-client-'));
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
});
afterAll(async () => {
  await real?.close();
  if (folder) rmSync(folder, { recursive: true });
});

it('a client can be generated from the OpenAPI document: it compiles, and calls', async () => {
  const { port } = real.app.getHttpServer().address() as AddressInfo;
  const base = `http://localhost:${port}`;
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const compilerOptions = {
    strict: true,
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023', 'dom'],
    types: [],
    skipLibCheck: true,
    outDir: 'out',
    rootDir: '.',
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }));
  writeFileSync(join(folder, 'main.ts'), PROGRAM);
  const cli = pathToFileURL(resolve('node_modules/openapi-typescript/bin/cli.js')).pathname;
  const document = (await real.call('get', '/automation/docs-json', '').expect(200)).body;
  writeFileSync(join(folder, 'document.json'), JSON.stringify(document));
  await run(process.execPath, [cli, 'document.json', '-o', 'automation.ts', '--default-non-nullable', 'false'], { cwd: folder });
  await run(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '--project', '.'], { cwd: folder }).catch(
    (error: { stdout: string }) => {
      throw new Error(error.stdout);
    },
  );
  const { stdout } = await run(process.execPath, [join(folder, 'out', 'main.js'), base]);
  expect(JSON.parse(stdout)).toEqual({
    permissions: ['view', 'operate', 'manage', 'tasks'],
    problems: [],
    event: expect.any(String),
    runs: 0,
    titles: ['Ann Example'],
    refusal: 'run_not_found',
  });
});
