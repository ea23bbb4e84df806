import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from '@jest/globals';
import { Body, Controller, Module, Post, Req, VersioningType } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { ENGINE_SETTINGS } from '../../src/engine/engine-settings.js';
import { ErrorFilter } from '../../src/http/error.filter.js';
import { HTTP_PATH } from '../../src/http/http-path.js';
import { bytesOf, HookBodies, type HookRequest } from '../../src/http/public/hook-body.js';

const sizeOf = (received: HookRequest): object => ({ bytes: bytesOf(received)?.length ?? null });

@Controller()
class Routes {
  @Post('hooks/:token')
  bare(@Req() received: HookRequest): object {
    return sizeOf(received);
  }

  @Post('automation/hooks/:token')
  ours(@Req() received: HookRequest): object {
    return sizeOf(received);
  }

  @Post('crm/automation/hooks/:name')
  hosts(@Req() received: HookRequest, @Body() body: unknown): object {
    return { ...sizeOf(received), body };
  }

  @Post('crm/hooks/:name')
  hostsBare(@Req() received: HookRequest, @Body() body: unknown): object {
    return { ...sizeOf(received), body };
  }
}

async function start(path: string, prepare: (app: NestExpressApplication) => void = () => undefined): Promise<NestExpressApplication> {
  const providers = [
    HookBodies,
    ErrorFilter,
    { provide: ENGINE_SETTINGS, useValue: { hooks: { bodyMs: 60_000 } } },
    { provide: HTTP_PATH, useValue: path },
  ];
  @Module({ controllers: [Routes], providers })
  class HostModule {}
  const module = await Test.createTestingModule({ imports: [HostModule] }).compile();
  const app = module.createNestApplication<NestExpressApplication>({ logger: false });
  prepare(app);
  await app.listen(0, '127.0.0.1');
  return app;
}

it.each([
  ['automation', '', '/automation/hooks/t', '/crm/automation/hooks/lead'],
  ['automation', '', '/Automation/Hooks/t/', '/crm/hooks/lead'],
  ['', '', '/hooks/t?a=/automation/hooks/t', '/crm/hooks/lead'],
  ['automation', 'api', '/api/automation/hooks/t', '/api/crm/automation/hooks/lead'],
  ['', 'api/:tenant', '/api/acme/hooks/t', '/api/acme/crm/hooks/lead'],
])('reads the bodies of its own routes, and leaves the host its own: path %j, prefix %j', async (path, prefix, own, hosts) => {
  const app = await start(path, (one) => one.setGlobalPrefix(prefix));
  expect((await request(app.getHttpServer()).post(own).send({ a: 1 })).body).toEqual({ bytes: 7 });
  expect((await request(app.getHttpServer()).post(hosts).send({ a: 1 })).body).toEqual({ bytes: null, body: { a: 1 } });
  await app.close();
});

it('finds its routes under a version, and where the host has excluded them from its prefix', async () => {
  const versioned = await start('automation', (app) => app.enableVersioning({ type: VersioningType.URI, defaultVersion: '2' }));
  expect((await request(versioned.getHttpServer()).post('/v2/automation/hooks/t').send({})).body).toEqual({ bytes: 2 });
  await versioned.close();
  const excluded = await start('automation', (app) => app.setGlobalPrefix('api', { exclude: ['automation/hooks/:token'] }));
  expect((await request(excluded.getHttpServer()).post('/automation/hooks/t').send({})).body).toEqual({ bytes: 2 });
  await excluded.close();
});

it('keeps a body that comes byte by byte in no more room than it needs', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const app = await start('automation');
  const { port } = app.getHttpServer().address() as { port: number };
  await request(app.getHttpServer()).post('/automation/hooks/t').send({});
  const used = (): number => {
    collect();
    const { rss: _, ...of } = process.memoryUsage();
    return of.heapUsed + of.external;
  };
  const before = used();
  let read = (): number => 0;
  app.getHttpServer().once('connection', (one: Socket) => {
    read = () => one.bytesRead;
  });
  const socket = connect(port, '127.0.0.1');
  const answer = new Promise<string>((done) => socket.once('data', (data) => done(String(data))));
  socket.write('POST /automation/hooks/t HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
  socket.write('1\r\n7\r\n'.repeat(200_000));
  while (read() < 1_200_000) await new Promise((later) => setTimeout(later, 10));
  expect((used() - before) / 1024 / 1024).toBeLessThan(10);
  socket.write('0\r\n\r\n');
  expect(await answer).toMatch(/"bytes":200000/);
  socket.destroy();
  await app.close();
});
