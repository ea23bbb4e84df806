import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { TriggerUrls } from '../../src/admin/trigger-urls.js';
import { WorkflowService } from '../../src/admin/workflow-service.js';
import { AutomationModule } from '../../src/automation.module.js';
import type { AutomationOptions } from '../../src/automation.options.js';
import { ADMIN } from '../support/automation-app.js';
import { createTestDatabase } from '../support/database.js';
import { sampleCrm, sampleDataSource } from '../support/sample-crm.js';

it.each([false, true])('works on Fastify, below a global prefix and a path of the host (rawBody: %s)', async (rawBody) => {
  const database = await createTestDatabase();
  const source = await sampleDataSource(database.url, { synchronize: true }).initialize();
  @Module({
    imports: [
      AutomationModule.forRootAsync({
        path: 'flows',
        useFactory: (): AutomationOptions => ({
          dataSource: source,
          crm: sampleCrm(),
          worker: { enabled: false },
          hooks: { bodyTimeoutMs: 300 },
        }),
      }),
    ],
  })
  class HostModule {}
  const module = await Test.createTestingModule({ imports: [HostModule] }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: ['error'], rawBody });
  app.setGlobalPrefix('api');
  await app.listen(0, '127.0.0.1');
  const origin = await app.getUrl();
  const trigger = { type: 'webhook', signature: { type: 'hmac_sha256', secret: 'a-long-secret', header: 'x-signature' } };
  const workflows = app.get(WorkflowService);
  const { id } = await workflows.create({ name: 'By URL', definition: { trigger, steps: [{ id: 'end', type: 'stop' }] } }, ADMIN);
  await workflows.publish(id, ADMIN);
  const { token } = await app.get(TriggerUrls).rotate(id, {}, ADMIN);
  const path = `/api/flows/hooks/${token}`;
  const body = '{ "name" : "Nora" }';
  const post = (text: string, headers: Record<string, string> = {}) =>
    fetch(`${origin}${path}?a=b`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-signature': createHmac('sha256', 'a-long-secret').update(text).digest('hex'),
        ...headers,
      },
      body: text,
    });
  const answer = await post(body);
  expect([answer.status, await answer.json()]).toEqual([202, { received: true }]);
  expect((await post(body, { 'x-signature': '00' })).status).toBe(401);
  expect((await post('{"a":')).status).toBe(400);
  expect((await post(JSON.stringify('x'.repeat(257 * 1024)))).status).toBe(413);
  expect((await post(JSON.stringify('x'.repeat(250 * 1024)))).status).toBe(202);
  const other = await fetch(`${origin}${path}`);
  expect([other.status, other.headers.get('allow')]).toEqual([405, 'POST']);
  const [event] = await source.query(`SELECT trigger FROM automation.events ORDER BY id LIMIT 1`);
  expect(event.trigger).toMatchObject({ body: { name: 'Nora' }, query: { a: 'b' } });
  const [used] = await source.query('SELECT last_used_from FROM automation.trigger_tokens');
  expect(used.last_used_from).toContain('127.0.0.1');
  const page = `${origin}/api/flows/approvals/unknown`;
  const opened = [await fetch(page), await fetch(page, { method: 'HEAD' })];
  expect(opened.map(({ status, headers }) => [status, headers.get('content-type')])).toEqual([
    [404, 'text/html; charset=utf-8'],
    [404, 'text/html; charset=utf-8'],
  ]);
  // 400 for a form without a decision: this one was read.
  const sent = await fetch(page, { method: 'POST', body: new URLSearchParams({ nonce: 'n', decision: 'approved' }) });
  expect([sent.status, (await sent.text()).includes('This link leads nowhere')]).toEqual([404, true]);
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  const slow = await new Promise<string>((done) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    socket.on('close', () => done(text));
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"name":`);
  });
  expect(slow).toMatch(/^HTTP\/1\.1 408 /);
  await app.close();
  await source.destroy();
  await database.drop();
});
