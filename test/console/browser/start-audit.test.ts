import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { describeConsole } from '../support/console-demo.js';

const BY_HAND = { trigger: { type: 'manual', module: 'leads' }, steps: [{ id: 'note', type: 'add_note', with: { body: 'One.' } }] };

describeConsole('the start page and the audit', (demo) => {
  const api = (method: string, path: string, body?: unknown): ReturnType<typeof demo.call> =>
    demo.call(method, `/automation/${path}`, body);

  it('begin, where there are no workflows, with three recipes that are taken over by one click', async () => {
    const { page, open, axe, picture } = await demo.tab({ token: 'demo-rival' });
    await open('workflows');
    await page.getByText('No workflows yet').waitFor();
    await page.locator('.recipe').nth(2).waitFor();
    expect(await axe()).toEqual([]);
    await open('');
    await page.getByRole('heading', { name: /No workflows yet/ }).waitFor();
    await page.locator('.recipe').nth(2).waitFor();
    expect(await page.locator('.recipe').count()).toBe(3);
    expect(await page.locator('.recipe .mark').count()).toBe(0);
    expect(await axe()).toEqual([]);
    await picture('start-first');
    expect(await page.getByRole('link', { name: 'New workflow' }).getAttribute('href')).toBe('workflows/new');
    const name = (await page.locator('.recipe strong').first().textContent()) ?? '';
    await page.locator('.recipe').first().press('Enter');
    await page.getByRole('heading', { level: 1, name }).waitFor();
    const { items } = await demo.call('GET', '/automation/workflows', undefined, 'demo-rival');
    expect(items).toMatchObject([{ name, status: 'draft', problemCount: 0 }]);
  });

  it('tell what fails, by reason, and retry it from there', async () => {
    const lead = (name: string): Promise<unknown> =>
      demo.call('POST', '/crm/leads', { name, email: `${name.toLowerCase()}@example.com`, company: 'Fjord AS', source: 'Web Form' });
    await demo.call('POST', '/crm/mailbox/outage', { mode: 'reject' });
    await Promise.all(['Ann', 'Ben'].map(lead));
    await eventually(async () => expect((await api('GET', 'runs?status=failed')).items).toHaveLength(2));
    await demo.call('POST', '/crm/mailbox/outage', { mode: 'off' });
    for (const [theme, width] of [
      ['light', 1440],
      ['light', 900],
      ['dark', 360],
    ] as const) {
      const { page, open, axe, picture, close } = await demo.tab({ theme, width });
      await open('');
      await page.getByText('What needs somebody now.').waitFor();
      await page.getByRole('button', { name: 'Retry …' }).waitFor();
      expect(await page.getByRole('link', { name: 'New workflow' }).isVisible()).toBe(true);
      expect(await axe()).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      await picture('start-failing');
      await close();
    }
    const { page, open, axe } = await demo.tab();
    await open('');
    await page.getByRole('button', { name: 'Retry …' }).press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Retry runs' });
    await dialog.getByText('2 runs would be retried.').waitFor();
    expect(await axe()).toEqual([]);
    await dialog.getByRole('button', { name: 'Retry 2 runs' }).press('Enter');
    await dialog.getByText('2 runs retried.').waitFor();
    await eventually(async () => expect((await api('GET', 'runs?status=failed')).items).toHaveLength(0));
    await open('');
    await page.getByText('Nothing needs you.').waitFor();
  });

  it('lead from what waits too long to those runs', async () => {
    const { page, open } = await demo.tab();
    await open('runs?status=waiting,running,queued&olderThan=P7D');
    await page.getByText('No run is like that').waitFor();
    await page.getByRole('button', { name: 'Drop older than 7 days' }).first().click();
    await page.waitForURL(/runs\?status=waiting%2Crunning%2Cqueued$/);
  });

  describe('the audit', () => {
    let id: string;
    beforeAll(async () => {
      const made = await api('POST', 'workflows', { name: 'Told of', definition: BY_HAND });
      id = made.id;
      await api('POST', `workflows/${id}/publish`, { note: 'The first one.' });
      const definition = { ...BY_HAND, steps: [{ id: 'note', type: 'add_note', with: { body: 'Another text.' } }] };
      await api('PATCH', `workflows/${id}`, { revision: made.revision, definition });
      await demo.call('POST', `/automation/workflows/${id}/pause`, { reason: 'Too loud.' }, 'demo-support');
    });

    it('shows what has changed, before and after, in both themes', async () => {
      for (const [theme, width] of [
        ['light', 1440],
        ['dark', 360],
        ['light', 900],
      ] as const) {
        const { page, open, axe, picture, close } = await demo.tab({ theme, width });
        await open(`audit?target=${id}`);
        await page.getByText('Too loud.').waitFor();
        expect(await page.getByRole('row').count()).toBe(5);
        await page
          .getByRole('row', { name: /Updated a workflow/ })
          .locator('summary')
          .click();
        await page.locator('del', { hasText: 'One.' }).waitFor();
        await page.locator('ins', { hasText: 'Another text.' }).waitFor();
        expect(await axe()).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
        await picture('audit');
        await close();
      }
    });

    it('is narrowed by kind, action, person, thing and period, all in the address; what finds nothing says why', async () => {
      const { page, open, axe } = await demo.tab();
      await open('audit');
      await page.getByRole('combobox', { name: 'Workflow or state machine' }).fill('told');
      await page.getByRole('option', { name: 'Told of' }).click();
      await page.waitForURL(new RegExp(`target=${id}`));
      await page.getByRole('combobox', { name: 'Person' }).fill('farid');
      await page.getByRole('option', { name: 'Farid Haddad' }).click();
      await page.waitForURL(/actor=u-6/);
      await page.getByText('Too loud.').waitFor();
      await eventually(async () => expect(await page.getByRole('row').count()).toBe(2));
      // Whoever looks at the list reads why, too.
      const list = await demo.tab();
      await list.open('workflows?search=told');
      await list.page.getByText('Too loud. (Farid Haddad)').waitFor();
      expect(await list.axe()).toEqual([]);
      await page.getByLabel('Kind of thing').selectOption('workflow');
      await page.getByLabel('Action').selectOption('workflow.deleted');
      await page.getByLabel('Period').selectOption('P7D');
      await page.getByText('Nobody did such a thing').waitFor();
      expect(await axe()).toEqual([]);
      await page.reload();
      await eventually(async () => expect(await page.getByRole('combobox', { name: 'Person' }).inputValue()).toBe('Farid Haddad'));
      await page.getByRole('button', { name: 'Drop Deleted a workflow' }).click();
      await page.getByText('Too loud.').waitFor();
      expect(await axe()).toEqual([]);
    });
  });
});
