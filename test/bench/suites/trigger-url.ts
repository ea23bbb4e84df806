import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Body, Controller, HttpCode, Injectable, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DataSource } from 'typeorm';
import { TriggerUrls } from '../../../src/admin/trigger-urls.js';
import { WorkflowService } from '../../../src/admin/workflow-service.js';
import { AutomationModule } from '../../../src/automation.module.js';
import type { AutomationOptions } from '../../../src/automation.options.js';
import { sampleCrm, sampleDataSource } from '../../support/sample-crm.js';
import { atLeast, type BenchContext, NO_TARGET, type Suite, type Table, whole } from '../report.js';
import { ADMIN, benchDatabase, inParallel, quantile } from '../support.js';

const COUNT = Number(process.env.BENCH_TRIGGER_URL_COUNT ?? 4_000);
const LANES = [1, 16, 64];
const WARM_UP = 100;
const BODY = JSON.stringify({ email: 'nora@example.com', name: 'Nora Berg', company: 'Fjord AS', items: [{ sku: 'A-1', quantity: 2 }] });
const NO_LIMITS = { perMinute: 100_000_000, workspacePerMinute: 100_000_000, queue: 1_000_000 };

/** What a host would write: the delivery in a table of its own, one INSERT a request. */
@Injectable()
class BareTable {
  constructor(private readonly source: DataSource) {}

  insert(body: object): Promise<unknown> {
    return this.source.query(`INSERT INTO bare_deliveries (body) VALUES ($1)`, [JSON.stringify(body)]);
  }
}

@Controller('bare')
class BareController {
  constructor(private readonly table: BareTable) {}

  @Post()
  @HttpCode(202)
  async receive(@Body() body: object): Promise<{ received: true }> {
    await this.table.insert(body);
    return { received: true };
  }
}

/** Deliveries that are accepted in a second, beside a bare Nest route with one INSERT, in one process; nobody works on them meanwhile. */
export const triggerUrl: Suite = {
  name: 'trigger-url',
  async run({ serverUrl, rounds, progress }: BenchContext): Promise<Table> {
    const host = await startHost(await benchDatabase(serverUrl, 'bench_trigger_url'));
    const agent = new Agent({ keepAlive: true, maxSockets: 256 });
    const measured: Record<'bare' | 'hook', number[]>[] = LANES.map(() => ({ bare: [], hook: [] }));
    try {
      for (const path of [host.bare, host.hook]) await perSecond(agent, host.port, path, 16, WARM_UP);
      for (let round = 1; round <= rounds; round += 1) {
        for (const [index, lanes] of LANES.entries()) {
          progress(`round ${round} of ${rounds}, ${lanes} at a time …`);
          const count = lanes === 1 ? Math.ceil(COUNT / 8) : COUNT;
          for (const kind of ['bare', 'hook'] as const)
            measured[index]?.[kind].push(await perSecond(agent, host.port, host[kind], lanes, count));
        }
      }
      return {
        title: 'Trigger URL: deliveries accepted in a second',
        columns: ['at a time', 'a Nest route with one INSERT', 'a trigger URL', 'of it', 'target', 'verdict'],
        rows: LANES.map((lanes, index) => {
          const { bare, hook } = measured[index] as Record<'bare' | 'hook', number[]>;
          const ratio = quantile(hook, 0.5) / quantile(bare, 0.5);
          const verdict = lanes === 1 ? NO_TARGET : atLeast(ratio, 0.8);
          return [String(lanes), whole(quantile(bare, 0.5)), whole(quantile(hook, 0.5)), ratio.toFixed(2), ...verdict];
        }),
        notes: [
          `Medians of ${rounds} rounds, ${whole(COUNT)} deliveries of ${BODY.length} bytes each; both answer after their commit. A delivery is looked up, counted against its limits and captured with its trigger by one statement, which those that come together share.`,
        ],
      };
    } finally {
      agent.destroy();
      await host.close();
    }
  },
};

async function startHost(url: string) {
  const source = await sampleDataSource(url, { poolSize: 8 }).initialize();
  await source.query(
    'CREATE TABLE IF NOT EXISTS bare_deliveries (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), body jsonb NOT NULL, at timestamptz NOT NULL DEFAULT now())',
  );

  @Module({
    imports: [
      AutomationModule.forRootAsync({
        useFactory: (): AutomationOptions => ({ dataSource: source, crm: sampleCrm(), worker: { enabled: false }, hooks: NO_LIMITS }),
      }),
    ],
    controllers: [BareController],
    providers: [BareTable, { provide: DataSource, useValue: source }],
  })
  class HostModule {}

  const app = await NestFactory.create<NestExpressApplication>(HostModule, { logger: ['error', 'fatal'] });
  await app.listen(0, '127.0.0.1');
  const definition = { trigger: { type: 'webhook' }, steps: [{ id: 'end', type: 'stop' }], settings: { maxConcurrentRuns: 0 } };
  const workflows = app.get(WorkflowService);
  const { id } = await workflows.create({ name: 'By URL', definition }, ADMIN);
  await workflows.publish(id, ADMIN);
  const { token } = await app.get(TriggerUrls).rotate(id, {}, ADMIN);
  return {
    port: ((app.getHttpServer() as import('node:http').Server).address() as AddressInfo).port,
    bare: '/bare',
    hook: `/automation/hooks/${token}`,
    async close() {
      await app.close();
      await source.destroy();
    },
  };
}

async function perSecond(agent: Agent, port: number, path: string, lanes: number, count: number): Promise<number> {
  const started = performance.now();
  await inParallel(Array.from({ length: count }), lanes, () => post(agent, port, path));
  return (count / (performance.now() - started)) * 1_000;
}

function post(agent: Agent, port: number, path: string): Promise<void> {
  return new Promise((done, failed) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(BODY) };
    const sent = request({ agent, host: '127.0.0.1', port, path, method: 'POST', headers }, (response) => {
      response
        .resume()
        .on('end', () => (response.statusCode === 202 ? done() : failed(new Error(`${path} answered ${response.statusCode}`))));
    });
    sent.on('error', failed).end(BODY);
  });
}
