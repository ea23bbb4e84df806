/**
 * A host as small as can be: its own entities (crm.ts), the automation module, an HTTP server. An admin publishes a
 * workflow over the API, the host saves a record and publishes the event in one transaction, the workflow runs, the API
 * and the host's emitter say so, and the host's own tables and outbox show what it did. The same program is compiled to
 * CommonJS and to ESM.
 */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventEmitter2, EventEmitterModule } from '@nestjs/event-emitter';
import { Automation, AutomationModule, type AutomationOptions, RUN_FINISHED, setupAutomationDocs } from 'nestjs-crm-automation';
import { DataSource, type EntityManager } from 'typeorm';
import { checkEffects, crmHost, definition, entities, saveRecord } from './crm.js';

const WORKSPACE = 'acme';
const TOKEN = 'host-admin';

@Module({
  providers: [
    {
      provide: DataSource,
      // `synchronize` on purpose: the host's schema tools must leave the tables of automation alone.
      useFactory: () => new DataSource({ type: 'postgres', url: process.env.DATABASE_URL, entities, synchronize: true }).initialize(),
    },
  ],
  exports: [DataSource],
})
class DatabaseModule {}

/** The host's service: injects the library's class by its type, as any Nest class. */
@Injectable()
class Sales {
  constructor(
    private readonly database: DataSource,
    private readonly automation: Automation,
  ) {}

  /** Saves a record and publishes its event in the same transaction. */
  save(fails: boolean): Promise<string> {
    return this.database.transaction(async (manager: EntityManager) => {
      const { module, id, record } = await saveRecord(manager, WORKSPACE);
      await this.automation.publish({ workspaceId: WORKSPACE, module, event: 'created', recordId: id, record }, manager);
      if (fails) throw new Error('the host changed its mind');
      return id;
    });
  }
}

/** A step for the workflow of either host: the mail template is one that the package ships. */
const MAIL = {
  id: 'mail',
  type: 'send_email',
  with: { to: 'sales@acme.test', template: 'notice', data: { title: 'Look at {{record.id}}', message: 'It is new.' } },
};

@Module({
  imports: [
    EventEmitterModule.forRoot(),
    DatabaseModule,
    AutomationModule.forRootAsync({
      imports: [DatabaseModule],
      inject: [DataSource],
      useFactory: (dataSource: DataSource): AutomationOptions => ({
        dataSource,
        crm: crmHost(),
        mail: { from: 'crm@acme.test', transport: { jsonTransport: true } },
        access: {
          authenticate: ({ headers }) =>
            headers.authorization === `Bearer ${TOKEN}`
              ? { userId: 'u-1', workspaceId: WORKSPACE, permissions: ['view', 'operate', 'manage', 'tasks'] }
              : null,
        },
      }),
    }),
  ],
  providers: [Sales],
})
class HostModule {
  constructor(@Inject(DataSource) private readonly database: DataSource) {}

  async onApplicationShutdown(): Promise<void> {
    await this.database.destroy();
  }
}

async function main(): Promise<void> {
  const app = await NestFactory.create(HostModule, { logger: ['warn', 'error'] });
  setupAutomationDocs(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const api = async (method: string, path: string, body?: unknown, token: string = TOKEN): Promise<Answer> => {
    const answer = await fetch(`http://127.0.0.1:${port}/automation/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json().catch(() => null)) as Answer['body'] };
  };

  try {
    assert.equal((await api('GET', 'workflows', undefined, 'someone-else')).status, 401);

    // The rules of requests are there for the first one, whoever asked for them before.
    const refused = await api('POST', 'workflows', { nane: 'Large deals' });
    assert.equal(refused.status, 400, JSON.stringify(refused.body));
    assert.match(JSON.stringify(refused.body), /nane is not known here.*definition/);

    const docs = await api('GET', 'docs-json');
    assert.equal(docs.status, 200);
    assert.ok(docs.body.paths['/automation/workflows/{id}/publish']?.post, Object.keys(docs.body.paths).join(', '));
    assert.ok(docs.body.components.schemas.CreateWorkflowDto?.properties?.name, JSON.stringify(docs.body.components.schemas));

    await checkConsole(`http://127.0.0.1:${port}/automation/console`);

    const created = await api('POST', 'workflows', {
      name: 'Large deals',
      definition: { ...definition, steps: [...definition.steps, MAIL] },
    });
    assert.equal(created.status, 201, JSON.stringify(created.body));
    const published = await api('POST', `workflows/${created.body.id}/publish`);
    assert.ok(published.status < 300, JSON.stringify(published.body));

    const sales = app.get(Sales);
    await assert.rejects(sales.save(true), /changed its mind/);
    const told = app.get(EventEmitter2).waitFor(RUN_FINISHED, 30_000);
    const id = await sales.save(false);

    const run = await finishedRun(() => api('GET', 'runs'), id);
    assert.equal(run.status, 'succeeded', JSON.stringify(run));
    const detail = await api('GET', `runs/${run.id}`);
    assert.equal(detail.body.status, 'succeeded');
    assert.equal(detail.body.steps?.length, 3, JSON.stringify(detail.body));
    const [finished] = await told;
    assert.deepEqual([finished.runId, finished.status], [run.id, 'succeeded']);
    await checkEffects(app.get(DataSource).manager, id);
  } finally {
    await app.close();
  }
  // From here on nothing of ours may keep the process alive.
  console.log('HOST OK');
}

/** The page for people comes with the package, and so does what it loads, whatever kind of modules the host is made of. */
async function checkConsole(home: string): Promise<void> {
  const page = await fetch(`${home}/runs/42`);
  const html = await page.text();
  assert.equal(page.status, 200, html);
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  const base = new URL(/<base href="([^"]*)"/.exec(html)?.[1] ?? 'no base', page.url);
  const assets = [...html.matchAll(/(?:src|href)="(\.\/assets\/[^"]+)"/g)].map(([, path]) => new URL(path ?? '', base));
  assert.equal(assets.length, 2, html);
  for (const asset of assets) {
    const { status, headers } = await fetch(asset);
    assert.equal(status, 200, asset.href);
    assert.match(headers.get('content-type') ?? '', /javascript|css/);
  }
}

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API answers; the assertions look at it
  body: any;
}

/** The one run of the workflow, once it is over. The rolled back record must not have started another. */
async function finishedRun(list: () => Promise<Answer>, recordId: string): Promise<{ id: string; status: string }> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await pause(50)) {
    const { body } = await list();
    const [run, ...others] = body.items;
    if (run === undefined || ['queued', 'running', 'waiting'].includes(run.status)) continue;
    assert.deepEqual(others, [], 'one record was saved, so one run is expected');
    assert.equal(run.recordId, recordId);
    return run;
  }
  throw new Error(`no run of record ${recordId} finished within 30 s: ${JSON.stringify((await list()).body)}`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
