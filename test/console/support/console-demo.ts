import { afterAll, afterEach, beforeAll, describe, expect } from '@jest/globals';
import pg from 'pg';
import type { Browser } from 'playwright-core';
import { type RunningDemo, startDemo } from '../../../src/demo/demo-app.js';
import type { TestDatabase } from '../../support/database.js';
import { createMigratedDatabase } from '../../support/template-databases.js';
import { browserSource, startBrowser } from './chromium.js';
import { openTab, type Tab, type TabOptions } from './tab.js';
import { Windows } from './windows.js';

const SECRET = 'whsec_YSBzZWNyZXQgZm9yIHRoZSB0ZXN0cyBvZiB0aGUgZGVtbw==';

/** The demo, a browser beside it, and what tests of pages ask of both. */
export interface ConsoleDemo {
  /** `http://127.0.0.1:3000/automation` */
  api: string;
  origin: string;
  /** `api`: where the tab finds it, where that is not the demo's own address. */
  tab(options?: TabOptions & { api?: string }): Promise<Tab>;
  // biome-ignore lint/suspicious/noExplicitAny: answers of an API, looked at by what each test expects of them
  call(method: string, path: string, body?: unknown, token?: string): Promise<any>;
  /** Puts into its database what would take long to come about. */
  sql(text: string, parameters?: unknown[]): Promise<void>;
}

/**
 * A group of tests with one demo and one browser. Where the machine has no browser, and none can be had from npm, the group
 * is skipped and says so. After each test no tab may have anything on its conscience.
 */
export function describeConsole(name: string, tests: (demo: ConsoleDemo) => void): void {
  if (browserSource() === null) {
    describe.skip(`${name} (no browser on ${process.platform} ${process.arch}: set CHROMIUM to the path of one)`, () =>
      tests(null as never));
    return;
  }
  describe(name, () => {
    let database: TestDatabase;
    let running: RunningDemo;
    let browser: Browser;
    let windows: Windows;
    let tabs: Tab[] = [];
    const demo: ConsoleDemo = {
      api: '',
      origin: '',
      async tab({ api = demo.api, ...options } = {}) {
        const tab = await openTab(windows, api, options);
        tabs.push(tab);
        return tab;
      },
      async call(method, path, body, token = 'demo-admin') {
        const response = await fetch(`${demo.origin}${path}`, {
          method,
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        const text = await response.text();
        if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
        return text === '' ? null : JSON.parse(text);
      },
      async sql(text, parameters) {
        const client = new pg.Client({ connectionString: database.url });
        await client.connect();
        try {
          await client.query(text, parameters);
        } finally {
          await client.end();
        }
      },
    };

    beforeAll(async () => {
      // The tests of the demo itself begin with an empty one.
      database = await createMigratedDatabase();
      [running, browser] = await Promise.all([
        startDemo({ databaseUrl: database.url, port: 0, sinkSecret: SECRET, logLevels: ['error', 'fatal'] }),
        startBrowser(),
      ]);
      windows = new Windows(browser);
      demo.origin = running.origin;
      demo.api = `${running.origin}/automation`;
    });

    afterEach(async () => {
      const faults = tabs.flatMap((tab) => tab.faults);
      for (const tab of tabs) await tab.close();
      tabs = [];
      expect(faults).toEqual([]);
    });

    afterAll(async () => {
      await browser?.close();
      await running?.close();
      await database?.drop();
    });

    tests(demo);
  });
}
