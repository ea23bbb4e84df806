import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';

/** How a tab is opened. */
export interface TabOptions {
  /** Who signs in; null: nobody. Default `demo-admin`. */
  token?: string | null;
  theme?: 'light' | 'dark';
  width?: number;
  height?: number;
  reducedMotion?: boolean;
  forcedColors?: boolean;
}

/** A tab of the browser, which remembers whatever goes wrong in it. */
export interface Tab {
  page: Page;
  /** Errors on its console, errors of scripts, reports of the policy, requests that failed; those that are expected are taken out. */
  faults: string[];
  /** Says that the next faults of this kind belong to the test. */
  expectFaults(pattern: RegExp): void;
  /** Goes to an address of the console: `runs?status=failed`; the empty one is its start. */
  open(path: string): Promise<void>;
  /** What axe finds on the page as it stands, by rule and place. */
  axe(): Promise<string[]>;
  /** Keeps a picture for whoever looks at pages: in the folder of SCREENSHOTS, if there is one. */
  picture(name: string): Promise<void>;
  close(): Promise<void>;
}

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Opens a tab on the console of an application: `http://127.0.0.1:3000/automation`. */
export async function openTab(browser: Browser, api: string, options: TabOptions = {}): Promise<Tab> {
  const { token = 'demo-admin', theme = 'light', width = 1440, height = 900, reducedMotion = true, forcedColors = false } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
    forcedColors: forcedColors ? 'active' : 'none',
    timezoneId: 'Europe/Berlin',
    locale: 'en-GB',
  });
  const page = await context.newPage();
  const faults: string[] = [];
  const expected: RegExp[] = [];
  const note = (fault: string): void => {
    if (!expected.some((pattern) => pattern.test(fault))) faults.push(fault);
  };
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) note(`${message.type()}: ${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => note(`script: ${error.stack ?? error.message}`));
  page.on('requestfailed', (request) => {
    // What is left is no longer waited for.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') note(`request: ${request.url()} ${request.failure()?.errorText}`);
  });
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      console.error(`policy: ${violatedDirective} ${blockedURI}`);
    });
  });
  let signIn = token === null ? '' : `#token=${token}`;
  return {
    page,
    faults,
    expectFaults: (pattern) => expected.push(pattern),
    async open(path) {
      await page.goto(`${api}/console${path === '' ? '' : `/${path}`}${signIn}`);
      signIn = '';
      await page.locator('h1').first().waitFor();
      await settled(page);
    },
    async axe() {
      // Evaluated by the debugger: a script of another origin would be refused by the page's policy, as it is to be. Each time, as
      // that leaves a theme that was switched the moment that it takes: without it axe read colours of the one before.
      await page.evaluate(axe.source);
      await page.evaluate(() =>
        Promise.all(
          document
            .getAnimations()
            .filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity)
            .map(({ finished }) => finished.catch(() => undefined)),
        ),
      );
      return findings(page);
    },
    async picture(name) {
      const folder = process.env.SCREENSHOTS;
      if (!folder) return;
      // As tall as what is on the page, so that what sticks to the window's edges does so in the picture.
      if (!(await hasDialog(page))) {
        await page.setViewportSize({ width, height: Math.max(height, await page.evaluate(() => document.documentElement.scrollHeight)) });
      }
      await page.screenshot({ path: join(folder, `${name}-${width}-${theme}.png`) });
      await page.setViewportSize({ width, height });
    },
    close: () => context.close(),
  };
}

/** Resolves when nothing on the page is being loaded. */
async function settled(page: Page): Promise<void> {
  await page.locator('output.skeleton').first().waitFor({ state: 'detached' });
}

function hasDialog(page: Page): Promise<boolean> {
  return page.evaluate(() => document.querySelector('dialog[open], :popover-open') !== null);
}

async function findings(page: Page): Promise<string[]> {
  return page.evaluate(async (rules) => {
    type Result = { violations: { id: string; nodes: { html: string; target: unknown[]; failureSummary?: string }[] }[] };
    const { axe: injected } = globalThis as unknown as { axe: { run: (context: unknown, options: object) => Promise<Result> } };
    const { violations } = await injected.run(document, { runOnly: { type: 'tag', values: rules }, resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')} ${failureSummary ?? ''}`),
    );
  }, RULES);
}
