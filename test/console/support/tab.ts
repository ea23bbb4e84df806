import { join } from 'node:path';
import axe from 'axe-core';
import type { ConsoleMessage, Page, Request } from 'playwright-core';
import type { Windows } from './windows.js';

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
export async function openTab(windows: Windows, api: string, options: TabOptions = {}): Promise<Tab> {
  const { token = 'demo-admin', theme = 'light', width = 1440, height = 900, reducedMotion = true, forcedColors = false } = options;
  const page = await windows.take({ theme, width, height, reducedMotion, forcedColors });
  const faults: string[] = [];
  const expected: RegExp[] = [];
  const note = (fault: string): void => {
    if (!expected.some((pattern) => pattern.test(fault))) faults.push(fault);
  };
  const onConsole = (message: ConsoleMessage): void => {
    if (['error', 'warning'].includes(message.type())) note(`${message.type()}: ${message.text()} ${message.location().url}`);
  };
  const onError = (error: Error): void => note(`script: ${error.stack ?? error.message}`);
  const onFailure = (request: Request): void => {
    // What is left is no longer waited for.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') note(`request: ${request.url()} ${request.failure()?.errorText}`);
  };
  page.on('console', onConsole).on('pageerror', onError).on('requestfailed', onFailure);
  let isOpen = true;
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
      // Evaluated by the debugger: a script of another origin would be refused by the page's policy, as it is to be.
      if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
      // A theme that was switched is there with the next frame, and its colours come to rest after that.
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
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
    async close() {
      if (!isOpen) return;
      isOpen = false;
      page.off('console', onConsole).off('pageerror', onError).off('requestfailed', onFailure);
      await windows.giveBack(page);
    },
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
