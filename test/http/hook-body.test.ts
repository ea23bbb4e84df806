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
