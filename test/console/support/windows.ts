import type { Browser, Page } from 'playwright-core';

/** What a window shows pages as. */
export interface Shown {
  theme: 'light' | 'dark';
  width: number;
  height: number;
  reducedMotion: boolean;
  forcedColors: boolean;
}

/**
 * Windows of a browser, each with storage and cookies of its own, as another person's would be. One that is given back is swept
 * and used again: a new one is a new process, which runs the console and axe by cold code, and takes twice as long for both.
 */
export class Windows {
  private readonly swept: Page[] = [];

  constructor(private readonly browser: Browser) {}

  /** Returns a window that remembers nothing. */
  async take(shown: Shown): Promise<Page> {
    const page = this.swept.pop() ?? (await this.open());
    await page.setViewportSize({ width: shown.width, height: shown.height });
    await page.emulateMedia({
      colorScheme: shown.theme,
      reducedMotion: shown.reducedMotion ? 'reduce' : 'no-preference',
      forcedColors: shown.forcedColors ? 'active' : 'none',
    });
    return page;
  }

  async giveBack(page: Page): Promise<void> {
    try {
      await sweep(page);
      this.swept.push(page);
    } catch {
      // A page that cannot be left is none for anybody else.
      await page.context().close();
    }
  }

  private async open(): Promise<Page> {
    const context = await this.browser.newContext({ timezoneId: 'Europe/Berlin', locale: 'en-GB' });
    const page = await context.newPage();
    await page.addInitScript(() => {
      addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
        console.error(`policy: ${violatedDirective} ${blockedURI}`);
      });
    });
    return page;
  }
}

/** Leaves the page for an empty one of the same origin, where nothing of it runs any more, and forgets what it has kept. */
async function sweep(page: Page): Promise<void> {
  const context = page.context();
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  const { origin, protocol } = new URL(page.url());
  if (protocol === 'http:') {
    await page.route(`${origin}/**`, (route) => route.fulfill({ contentType: 'text/html', body: '<title>Empty</title>' }));
    await page.goto(`${origin}/empty`);
    await page.evaluate(() => {
      sessionStorage.clear();
      localStorage.clear();
    });
    await page.unrouteAll();
  }
  // Out of the window, so that nothing of the next page begins with it.
  await page.mouse.move(-1, -1);
  await context.clearCookies();
  await context.clearPermissions();
}
