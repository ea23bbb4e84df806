import { readFile } from 'node:fs/promises';
import { beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { describeConsole } from '../support/console-demo.js';

const SORTING = {
  trigger: { type: 'event', module: 'opportunities', event: 'updated' },
  steps: [
    {
      id: 'route',
      type: 'branch',
      branches: [
        {
          name: 'Large',
          when: { field: 'amount', operator: 'greater_than', value: 50_000 },
          steps: [{ id: 'call', type: 'create_task', with: { title: 'Call' } }],
        },
        {
          name: 'Small',
          when: { field: 'amount', operator: 'less_than', value: 50_000 },
          steps: [{ id: 'write', type: 'create_task', with: { title: 'Write' } }],
        },
      ],
      otherwise: [{ id: 'wonder', type: 'create_task', with: { title: 'Wonder' } }],
    },
    { id: 'ask', type: 'approval', name: 'Discount approval', message: 'Fine?', assignees: ['u-9', 'u-1'] },
  ],
  settings: { reentry: 'not_while_active' },
};

describeConsole('runs', (demo) => {
  const lead = (name: string): Promise<{ id: string }> =>
    demo.call('POST', '/crm/leads', { name, email: `${name.toLowerCase()}@example.com`, company: 'Fjord AS', source: 'Web Form' });
  const failed = async (): Promise<number> =>
    (await demo.call('GET', '/automation/runs/counts?status=failed')).counts.reduce(
      (sum: number, { runs }: { runs: number }) => sum + runs,
      0,
    );

  beforeAll(async () => {
    await lead('Nora');
    await eventually(async () => expect((await demo.call('GET', '/automation/runs?status=succeeded')).items).toHaveLength(1));
    await demo.call('POST', '/crm/mailbox/outage', { mode: 'reject' });
    await Promise.all(Array.from({ length: 12 }, (_, index) => lead(`Broken${index}`)));
    await eventually(async () => expect(await failed()).toBe(12));
    await demo.call('POST', '/crm/mailbox/outage', { mode: 'off' });
  });

  it('tells of each run what happened in one sentence, at any width and in both themes', async () => {
    for (const [theme, width] of [
      ['light', 1440],
      ['dark', 360],
    ] as const) {
      const { page, open, axe, picture, close } = await demo.tab({ theme, width });
      await open('runs');
      expect(await page.getByRole('row', { name: /Succeeded/ }).count()).toBe(1);
      expect(await page.getByRole('row', { name: /Failed at Welcome mail: The mail server refuses the recipient/ }).count()).toBe(12);
      expect(await axe()).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      await picture('runs');
      await close();
    }
  });

  it('names the records of a page by what people call them, asked for all at once, and by their ids while the CRM is away', async () => {
    const { page, open, axe } = await demo.tab();
    const asked: string[] = [];
    page.on('request', (request) => {
      const { pathname, searchParams } = new URL(request.url());
      if (pathname.endsWith('/records')) asked.push(searchParams.get('ids') ?? '');
    });
    await open('runs');
    await page.getByText('lead Nora', { exact: true }).waitFor();
    await page.getByText('lead Broken11', { exact: true }).waitFor();
    expect(asked.map((ids) => ids.split(',').length)).toEqual([13]);
    await page
      .getByRole('row', { name: /Succeeded/ })
      .getByRole('link', { name: 'Welcome web leads' })
      .click();
    await page.locator('.head-facts').getByText('lead Nora', { exact: true }).waitFor();
    const away = await demo.tab();
    away.expectFaults(/504.*\/records\?/);
    await away.page.route(/\/records\?/, (route) =>
      route.fulfill({ status: 504, json: { statusCode: 504, code: 'crm_timed_out', message: '' } }),
    );
    await away.open('runs');
    await away.page
      .getByText(/^lead …\w{8}$/)
      .nth(12)
      .waitFor();
    expect(await axe()).toEqual([]);
  });

  it('counts by status, and filters by what is pressed; the address keeps it', async () => {
    const { page, open, axe } = await demo.tab();
    await open('runs');
    await page.getByRole('button', { name: 'Failed 12' }).press('Enter');
    await page.waitForURL(/status=failed$/);
    await page.getByRole('button', { name: 'Skipped 0' }).press('Enter');
    await page.waitForURL(/status=failed%2Cskipped$/);
    await page.getByRole('button', { name: 'Failed 12' }).press('Enter');
    await page.getByText('No run is like that').waitFor();
    expect(await axe()).toEqual([]);
    await page.reload();
    await page.getByRole('button', { name: 'Drop skipped' }).click();
    await page.getByRole('row', { name: /Succeeded/ }).waitFor();
  });

  it('tells of one run what it did, step by step, and retries it after saying what that does', async () => {
    const { page, open, axe, picture } = await demo.tab();
    await open('runs?status=failed');
    await page.getByRole('link', { name: 'Welcome web leads' }).first().click();
    await page.getByRole('heading', { level: 1, name: 'Welcome web leads' }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
    const steps = page.locator('.run-steps');
    expect(await steps.locator('.run-name').allInnerTexts()).toEqual(['1 Next account executive', '2 Welcome mail', '3 Task to call']);
    expect(await page.getByRole('heading', { level: 2, name: 'Welcome mail' }).isVisible()).toBe(true);
    expect(await axe()).toEqual([]);
    await picture('run');
    const dark = await demo.tab({ theme: 'dark' });
    await dark.open(page.url().slice(`${demo.api}/console/`.length));
    expect(await dark.axe()).toEqual([]);
    await dark.picture('run');
    await page.getByRole('link', { name: /Next account executive/ }).press('Enter');
    await page.getByText('round_robin').first().waitFor();
    expect(page.url()).toContain('?step=owner');
    await page.goBack();
    await page.getByRole('heading', { level: 2, name: 'Welcome mail' }).waitFor();
    await page.getByRole('button', { name: 'Retry …' }).press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Retry this run' });
    await dialog.getByText('Done, and not done again').waitFor();
    expect(await axe()).toEqual([]);
    await dialog.getByLabel('Reason').fill('The address is right');
    await dialog.getByRole('button', { name: 'Retry', exact: true }).press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('Succeeded.', { exact: true }).waitFor();
    await page.getByText('Ines Alvarez from the failed step: The address is right').waitFor();
    await page.getByRole('link', { name: /Welcome mail/ }).press('Enter');
    await page.locator('.attempt-link').first().waitFor();
    expect(await page.locator('.attempt-link').allInnerTexts()).toEqual([
      expect.stringContaining('Attempt 2: succeeded'),
      expect.stringContaining('Attempt 1: sent back'),
    ]);
    // When each was at work, in the time of the run: to be seen, and to be heard.
    const bars = await steps
      .locator('li', { hasText: 'Welcome mail' })
      .locator('rect')
      .evaluateAll((all) => all.map((bar) => bar.classList[0]));
    expect([bars[0], bars.at(-1)]).toEqual(['bar-superseded', 'bar-succeeded']);
    await page.getByRole('link', { name: /Welcome mail.*2 attempts.*after .+, for .+; after .+, for .+/ }).waitFor();
    const saving = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download' }).press('Enter');
    const file = await saving;
    expect(file.suggestedFilename()).toMatch(/^run-[-0-9a-f]{36}\.json$/);
    expect(JSON.parse(await readFile(await file.path(), 'utf8'))).toMatchObject({ summary: 'Succeeded.', status: 'succeeded' });
    await page.getByRole('link', { name: /Attempt 1/ }).press('Enter');
    await page.getByText('Attempt 1: sent back').nth(1).waitFor();
    expect(page.url()).toContain('attempt=1');
    expect(await axe()).toEqual([]);
  });

  it('tells which way a run took and why not the others, whom it waits for, and what has changed since', async () => {
    const { id } = await demo.call('POST', '/automation/workflows', { name: 'Sort deals', definition: SORTING });
    await demo.call('POST', `/automation/workflows/${id}/publish`);
    const deal = await demo.call('POST', '/crm/opportunities', { name: 'Cranes', amount: 30_000, stage: 'Qualification' });
    await demo.call('PATCH', `/crm/opportunities/${deal.id}`, { amount: 40_000 });
    await eventually(async () =>
      expect((await demo.call('GET', `/automation/runs?workflowId=${id}&status=waiting`)).items).toHaveLength(1),
    );
    const { revision } = await demo.call('GET', `/automation/workflows/${id}`);
    const definition = { ...SORTING, steps: SORTING.steps.slice(0, 1) };
    await demo.call('PATCH', `/automation/workflows/${id}`, { revision, definition });
    await demo.call('POST', `/automation/workflows/${id}/publish`);
    const [run] = (await demo.call('GET', `/automation/runs?workflowId=${id}`)).items;

    const { page, open, axe, picture } = await demo.tab();
    await open(`runs/${run.id}`);
    await page.getByText('the workflow is at v2 now: 1 step differs').waitFor();
    expect(await page.locator('.run-way-head').allInnerTexts()).toEqual([
      expect.stringMatching(/^Large: .*not taken: Amount was 40,000$/s),
      expect.stringMatching(/^Small: if Amount is less than 50,000$/),
      expect.stringMatching(/^Otherwise.*not taken: another way was$/s),
    ]);
    await page.getByText('ask: whoever is asked ends it').waitFor();
    await page.getByRole('link', { name: 'Discount approval', exact: true }).first().waitFor();
    expect(await axe()).toEqual([]);
    await picture('run-waiting');
    // Asked again and again, and drawn again only when something is new.
    await page.evaluate(() => {
      const global = globalThis as unknown as { changes: number };
      global.changes = 0;
      new MutationObserver((changes) => (global.changes += changes.length)).observe(document.querySelector('.run-columns') as Element, {
        subtree: true,
        childList: true,
        characterData: true,
      });
    });
    const again = await page.waitForResponse((answer) => answer.url().endsWith(`/automation/runs/${run.id}`));
    // The browser says what it has, and is told no more than that it is the same.
    expect((await again.request().allHeaders())['if-none-match']).toBe((await again.allHeaders()).etag);
    expect((await again.request().sizes()).responseBodySize).toBe(0);
    expect(await page.evaluate(() => (globalThis as unknown as { changes: number }).changes)).toBe(0);

    // Kept from running by a rule, not by conditions.
    await demo.call('PATCH', `/crm/opportunities/${deal.id}`, { amount: 45_000 });
    await eventually(async () =>
      expect((await demo.call('GET', `/automation/runs?workflowId=${id}&status=skipped`)).items).toHaveLength(1),
    );
    const [skipped] = (await demo.call('GET', `/automation/runs?workflowId=${id}&status=skipped`)).items;
    await open(`runs/${skipped.id}`);
    await page.getByText('They do not matter: a run on this record is still active').waitFor();
    expect(await page.getByRole('link', { name: 'Test the draft with it' }).getAttribute('href')).toBe(
      `workflows/${id}?test=run%3A${skipped.id}`,
    );
    expect(await axe()).toEqual([]);
  });

  it('says that there is no such run', async () => {
    const { page, open, axe, expectFaults } = await demo.tab();
    expectFaults(/status of 404/);
    await open('runs/019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11');
    await page.getByText('There is no run of this id in this workspace').waitFor();
    expect(await axe()).toEqual([]);
  });

  it('groups what failed by its reason, and retries a group at once after saying what will be taken up', async () => {
    const { page, open, axe, picture } = await demo.tab();
    await open('runs?view=groups');
    await page.getByRole('row', { name: /Welcome web leads.*smtp_rejected_recipient.*11/ }).waitFor();
    expect(await axe()).toEqual([]);
    await picture('run-groups');
    await page.getByRole('button', { name: 'Retry …' }).press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Retry runs' });
    await dialog.getByText('11 runs would be retried.').waitFor();
    expect(await axe()).toEqual([]);
    await picture('bulk-retry');
    await dialog.getByLabel('Reason').fill('The mail server is back');
    await dialog.getByRole('button', { name: 'Retry 11 runs' }).press('Enter');
    await dialog.getByText('11 runs retried.').waitFor();
    expect(await axe()).toEqual([]);
    await dialog.getByRole('button', { name: 'Show these runs' }).press('Enter');
    await page.waitForURL(/batchId=/);
    await eventually(async () => expect(await failed()).toBe(0));
    await page.getByRole('button', { name: 'Ask again' }).click();
    await page
      .getByRole('row', { name: /Succeeded/ })
      .nth(10)
      .waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('holds new runs back until they are asked for', async () => {
    const { page, open } = await demo.tab();
    await open('runs');
    const rows = await page.getByRole('row').count();
    await lead('Late');
    await page.getByRole('button', { name: /1 new run · Show/ }).click();
    await page.getByRole('row').nth(rows).waitFor();
  });

  it('offers what changes runs only to who may', async () => {
    const { page, open } = await demo.tab({ token: 'demo-member' });
    await open('runs');
    await page
      .getByRole('row', { name: /Succeeded/ })
      .first()
      .waitFor();
    expect(await page.getByRole('checkbox').count()).toBe(0);
    expect(await page.getByRole('button', { name: /All that match/ }).count()).toBe(0);
  });
});
