import { beforeAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually } from '../../support/eventually.js';
import { startProxy } from '../../support/proxy.js';
import { describeConsole } from '../support/console-demo.js';

const APPROVAL = {
  trigger: { type: 'event', module: 'opportunities', event: 'created' },
  steps: [{ id: 'ask', type: 'approval', name: 'Discount approval', message: 'Is it fine?', assignees: ['u-9', 'u-1'], dueIn: 'P2D' }],
};
const BROKEN = { statusCode: 500, code: 'internal_error', message: 'Something broke.', hint: 'Look into the log of the server.' };

const overflow = (page: Page): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
/** What the navigation leads to: a screen that joins it is looked at here, too. */
const navigation = (page: Page): Promise<string[]> =>
  page.locator('.side-nav a').evaluateAll((links) => links.map((link) => link.getAttribute('href')?.replace(/^\/.*/, '') ?? ''));

describeConsole('every screen of the console', (demo) => {
  let paths: string[];
  let failedRun: string;
  let task: string;

  beforeAll(async () => {
    const { id } = await demo.call('POST', '/automation/workflows', { name: 'Large discounts', definition: APPROVAL });
    await demo.call('POST', `/automation/workflows/${id}/publish`);
    const deal = await demo.call('POST', '/crm/opportunities', { name: 'Website relaunch', amount: 48000, stage: 'Qualification' });
    await demo.call('POST', '/crm/mailbox/outage', { mode: 'reject' });
    await demo.call('POST', '/crm/leads', { name: 'Nora', email: 'nora@example.com', company: 'Fjord AS', source: 'Web Form' });
    await eventually(async () => {
      expect((await demo.call('GET', '/automation/tasks')).items).toHaveLength(1);
      expect((await demo.call('GET', '/automation/runs?status=failed')).items).toHaveLength(1);
    });
    [{ id: task }] = (await demo.call('GET', '/automation/tasks')).items;
    const [run] = (await demo.call('GET', '/automation/runs?status=failed')).items;
    failedRun = run.id;
    paths = [
      'workflows/new',
      `workflows/${run.workflowId}`,
      `workflows/${run.workflowId}/versions`,
      'runs?view=groups',
      `runs/${failedRun}`,
      `events/${run.eventId}`,
      `why?module=opportunities&id=${deal.id}`,
      `tasks/${task}`,
    ];
  });

  // In the light and wide each is looked at by the tests of its own.
  const look = async (pathsOf: (page: Page) => Promise<string[]>): Promise<void> => {
    const { page, open, axe, picture } = await demo.tab();
    await open('');
    for (const path of await pathsOf(page)) {
      await page.emulateMedia({ colorScheme: 'dark', forcedColors: 'none' });
      await page.setViewportSize({ width: 360, height: 740 });
      await open(path);
      expect([path, await overflow(page), await axe()]).toEqual([path, 0, []]);
      // 400 % of 1280 × 1024. Light: of forced colours on black axe does not see all.
      await page.emulateMedia({ colorScheme: 'light', forcedColors: 'active' });
      await page.setViewportSize({ width: 320, height: 256 });
      expect([path, await overflow(page), await axe()]).toEqual([path, 0, []]);
      await picture(`whole-${path.replace(/[^a-z]+/g, '-').slice(0, 20)}`);
    }
  };

  it('has nothing that axe finds, and fits, at 360 px, at 400 % zoom, in the dark and without colours of its own', () => look(navigation));

  it('does so where it is about one thing', () => look(() => Promise.resolve(paths)));

  it('says where nothing is, and what went wrong', async () => {
    const { page, open, axe, expectFaults } = await demo.tab({ token: 'demo-rival', theme: 'dark', width: 360 });
    await open('');
    const screens = await navigation(page);
    for (const path of screens) {
      await open(path);
      expect([path, await overflow(page), await axe()]).toEqual([path, 0, []]);
    }
    expectFaults(/status of 500/);
    await page.route(
      (url) => url.pathname.startsWith('/automation/') && !/^\/automation\/(console|me$)/.test(url.pathname),
      (route) => route.fulfill({ status: 500, contentType: 'application/json', body: JSON.stringify(BROKEN) }),
    );
    // Why? asks nothing before somebody does.
    for (const path of [
      ...screens.filter((one) => one !== 'why'),
      'why?q=nora',
      'runs?view=groups',
      `runs/${failedRun}`,
      `tasks/${task}`,
    ]) {
      await open(path);
      await page.getByRole('alert').getByText('Something broke.').first().waitFor();
      expect([path, await axe()]).toEqual([path, []]);
    }
  });

  it('waits without motion where that is not wanted, and says for what', async () => {
    const { page, open, axe } = await demo.tab();
    await open('audit');
    await page.route('**/automation/runs?*', () => undefined);
    await page.getByRole('link', { name: 'Runs', exact: true }).click();
    await page.locator('.skeleton-row').first().waitFor();
    expect(await page.getByRole('status', { name: 'Loading runs' }).count()).toBe(1);
    const lasting = await page.evaluate(
      () => document.getAnimations().filter(({ effect }) => Number(effect?.getComputedTiming().endTime ?? 0) > 1).length,
    );
    expect(lasting).toBe(0);
    expect(await axe()).toEqual([]);
  });

  it('offers each role what it may do, and says of the rest which permission it takes', async () => {
    const told = async (
      token: string,
      offers: { run: boolean; task: boolean },
    ): Promise<{ screens: string[]; run: string[]; task: string[]; refused: string[] }> => {
      const { page, open } = await demo.tab({ token });
      await open('');
      const screens = await navigation(page);
      const buttons = async (path: string, isOffered: boolean): Promise<string[]> => {
        await open(path);
        if (isOffered) await page.locator('main button').filter({ hasText: '…' }).first().waitFor();
        return (await page.locator('main button').allInnerTexts()).filter((text) => text.endsWith('…'));
      };
      const refused: string[] = [];
      for (const path of ['workflows/new', 'tasks', 'runs']) {
        await open(path);
        if (await page.getByText('This page takes the permission').isVisible()) refused.push(path);
      }
      return { screens, run: await buttons(`runs/${failedRun}`, offers.run), task: await buttons(`tasks/${task}`, offers.task), refused };
    };
    const admin = await told('demo-admin', { run: true, task: true });
    const support = await told('demo-support', { run: true, task: false });
    const member = await told('demo-member', { run: false, task: true });
    expect(admin).toMatchObject({ run: ['Retry …'], task: ['Reassign …', 'Approve …', 'Reject …'], refused: [] });
    expect(support).toMatchObject({ run: ['Retry …'], task: [], refused: ['workflows/new', 'tasks'] });
    expect(member).toMatchObject({ run: [], task: ['Approve …', 'Reject …'], refused: ['workflows/new'] });
    expect(support.screens).toEqual(admin.screens.filter((path) => path !== 'tasks'));
    expect(member.screens).toEqual(admin.screens);
  });

  it('works behind a proxy that takes off a prefix: deep link, reload, back', async () => {
    const proxy = await startProxy(demo.origin, '/outer/crm');
    try {
      const api = `${proxy.origin}/outer/crm/automation`;
      const { page, open } = await demo.tab({ api });
      await open(`runs/${failedRun}?step=welcome`);
      await page.getByRole('heading', { level: 1, name: 'Welcome web leads' }).waitFor();
      await page.getByRole('link', { name: /Next account executive/ }).click();
      await page.waitForURL(/step=owner/);
      await page.reload();
      await page.getByRole('heading', { level: 2, name: 'Next account executive' }).waitFor();
      await page.getByRole('link', { name: 'Audit', exact: true }).click();
      await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor();
      expect(page.url()).toBe(`${api}/console/audit`);
      await page.goBack();
      await page.getByRole('heading', { level: 1, name: 'Welcome web leads' }).waitFor();
      expect(page.url()).toBe(`${api}/console/runs/${failedRun}?step=owner`);
      await page.getByRole('link', { name: 'Start', exact: true }).click();
      await page.waitForURL(`${api}/console`);
    } finally {
      await proxy.close();
    }
  });
});
