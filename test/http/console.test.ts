import { afterEach, describe, expect, it } from '@jest/globals';
import { type DynamicModule, Module, SetMetadata, VersioningType } from '@nestjs/common';
import { APP_GUARD, Reflector, RouterModule } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { CONSOLE_OPTIONS, type ConsoleOptions, consoleController } from '../../src/http/index.js';
import { startProxy } from '../support/proxy.js';

type App = NestExpressApplication | NestFastifyApplication;

// The controller alone: the page needs nothing of the module, not even a database.
function mounted(path: string, options: ConsoleOptions): DynamicModule {
  @Module({})
  class Mounted {}
  return {
    module: Mounted,
    imports: [RouterModule.register([{ path, module: Mounted }])],
    controllers: [consoleController(options)],
    providers: [{ provide: CONSOLE_OPTIONS, useValue: options }],
  };
}

describe('the page of the console', () => {
  let app: App | undefined;
  afterEach(() => app?.close());

  const start = async (
    platform: 'express' | 'fastify',
    { path = 'automation', options = {}, prepare }: { path?: string; options?: ConsoleOptions; prepare?: (app: App) => void } = {},
  ): Promise<string> => {
    const module = await Test.createTestingModule({ imports: [mounted(path, options)] }).compile();
    const made = platform === 'express' ? module.createNestApplication<App>() : module.createNestApplication<App>(new FastifyAdapter());
    app = made;
    made.useLogger(false);
    prepare?.(made);
    await made.listen(0, '127.0.0.1');
    return made.getUrl();
  };
  const page = async (address: string): Promise<{ base: string; html: string; response: Response }> => {
    const response = await fetch(address);
    const html = await response.text();
    return { base: new URL(/<base href="([^"]*)"/.exec(html)?.[1] ?? 'no base', address).href, html, response };
  };

  const expectAssets = async (html: string, base: string): Promise<void> => {
    const assets = [...html.matchAll(/(?:src|href)="(\.\/assets\/[^"]+)"/g)].map(([, path]) => new URL(path ?? '', base).href);
    const answers = await Promise.all(assets.map((asset) => fetch(asset)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    await Promise.all(answers.map((answer) => answer.arrayBuffer()));
  };

  it.each(['express', 'fastify'] as const)('finds its own place from any of its addresses on %s', async (platform) => {
    const origin = await start(platform);
    const home = `${origin}/automation/console`;
    for (const path of ['', '?search=a/b', '/workflows', '/runs/42?step=a', '/workflows/42/versions', '/a%2Fb']) {
      const { base, response } = await page(home + path);
      expect([path, response.status, base]).toEqual([path, 200, `${home}/`]);
    }
    expect((await fetch(`${home}/a/b/c/d`)).status).toBe(404);
  });

  it.each(['express', 'fastify'] as const)(
    'serves what the page loads for ever, compressed for who takes that, on %s',
    async (platform) => {
      const origin = await start(platform);
      const { html, base } = await page(`${origin}/automation/console/workflows`);
      const assets = [...html.matchAll(/(?:src|href)="(\.\/assets\/[^"]+)"/g)].map(([, path]) => new URL(path ?? '', base).href);
      expect(assets.map((asset) => asset.replace(/.*\./, '')).sort()).toEqual(['css', 'js']);
      for (const asset of assets) {
        const zipped = await fetch(asset);
        expect(zipped.headers.get('content-type')).toMatch(asset.endsWith('.css') ? /^text\/css/ : /^text\/javascript/);
        expect(zipped.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
        expect([zipped.headers.get('content-encoding'), zipped.headers.get('vary')]).toEqual(['gzip', 'Accept-Encoding']);
        const plain = await fetch(asset, { headers: { 'accept-encoding': 'identity' } });
        expect(plain.headers.get('content-encoding')).toBeNull();
        expect(await zipped.text()).toBe(await plain.text());
      }
      const gone = await fetch(`${base}assets/index-of-the-release-before.js`);
      expect([gone.status, gone.headers.get('cache-control')]).toEqual([404, 'no-store']);
      expect((await fetch(`${base}assets/..%2Findex.html`)).status).toBe(404);
    },
  );

  it('lets nothing run or load but its own files, and is asked for anew each time', async () => {
    const origin = await start('express', { options: { frameAncestors: ['https://crm.acme.test'] } });
    const { html, response } = await page(`${origin}/automation/console`);
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
        "base-uri 'self'; form-action 'none'; frame-ancestors 'self' https://crm.acme.test; require-trusted-types-for 'script'; " +
        "trusted-types 'none'",
    );
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(html).not.toMatch(/<style|style=|<script(?![^>]* src=)/);
  });

  it.each(['express', 'fastify'] as const)(
    'stands wherever it is mounted: below a path, a global prefix, a version, on %s',
    async (platform) => {
      const origin = await start(platform, {
        path: 'crm/automation',
        prepare: (made) => made.setGlobalPrefix('api').enableVersioning({ type: VersioningType.URI, defaultVersion: '1' }),
      });
      const home = `${origin}/api/v1/crm/automation/console`;
      for (const path of ['', '/runs/42', '/workflows/42/versions']) {
        const { base, html } = await page(home + path);
        expect([path, base]).toEqual([path, `${home}/`]);
        await expectAssets(html, base);
      }
      // Where the page looks for the API.
      expect(new URL('..', `${home}/`).href).toBe(`${origin}/api/v1/crm/automation/`);
    },
  );

  it.each(['express', 'fastify'] as const)('stands behind a proxy that takes off what it puts before, on %s', async (platform) => {
    const origin = await start(platform);
    const proxy = await startProxy(origin, '/outer/crm');
    try {
      const home = `${proxy.origin}/outer/crm/automation/console`;
      for (const path of ['', '/runs', '/runs/42?step=a', '/workflows/42/versions']) {
        const { base, html } = await page(home + path);
        expect([path, base]).toEqual([path, `${home}/`]);
        await expectAssets(html, base);
      }
    } finally {
      await proxy.close();
    }
  });

  it('is let through by a global guard that looks for what the host has put on it, and carries how to sign in', async () => {
    const options: ConsoleOptions = {
      decorators: [SetMetadata('isPublic', true)],
      signInUrl: '/login?to={returnTo}&"<b>',
      tokenInput: true,
    };
    @Module({
      imports: [mounted('automation', options)],
      providers: [
        {
          provide: APP_GUARD,
          inject: [Reflector],
          useFactory: (reflector: Reflector) => ({
            canActivate: (context: { getClass(): never }) => reflector.get('isPublic', context.getClass()) === true,
          }),
        },
      ],
    })
    class Host {}
    const module = await Test.createTestingModule({ imports: [Host] }).compile();
    app = module.createNestApplication<App>();
    await app.listen(0, '127.0.0.1');
    const { html, response } = await page(`${await app.getUrl()}/automation/console`);
    expect(response.status).toBe(200);
    const content = /<meta name="console" content="([^"]*)"/.exec(html)?.[1]?.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code));
    expect(JSON.parse(content ?? '')).toEqual({ signInUrl: '/login?to={returnTo}&"<b>', tokenInput: true });
    expect(html).not.toContain('<b>');
  });

  it.each([
    [{ signInUrl: 'javascript:alert(1)' }, 'console.signInUrl must be an http(s) URL, or a path that begins with one /'],
    [{ signInUrl: '//evil.test' }, 'console.signInUrl must be an http(s) URL, or a path that begins with one /'],
    [{ frameAncestors: ["https://a.test; script-src 'unsafe-inline'"] }, 'console.frameAncestors must be a list of origins'],
    [{ tokenInput: 'yes' }, 'console.tokenInput must be true or false'],
    [{ decorators: ['Public'] }, 'console.decorators must be a list of decorators'],
    [{ token: true }, 'console.token is no option. Options are: decorators, signInUrl, tokenInput, frameAncestors'],
  ])('refuses %j when the module is declared', (options, message) => {
    expect(() => consoleController(options as ConsoleOptions)).toThrow(message);
  });
});
