import { beforeAll, expect, it } from '@jest/globals';
import type { Locator } from 'playwright-core';
import { eventually } from '../../support/eventually.js';
import { describeConsole } from '../support/console-demo.js';

const NOTE = { id: 'note', type: 'add_note', with: { body: 'One.' } };
const BY_HAND = { trigger: { type: 'manual', module: 'leads' }, steps: [NOTE] };

describeConsole('the pages of one workflow', (demo) => {
  let welcome: string;
  const api = (method: string, path: string, body?: unknown): ReturnType<typeof demo.call> =>
    demo.call(method, `/automation/${path}`, body);
  const create = async (name: string, definition: object): Promise<string> => (await api('POST', 'workflows', { name, definition })).id;
  /** Once they are drawn. */
  const thereAre = (count: number, of: Locator): Promise<void> => eventually(async () => expect(await of.count()).toBe(count));
  const lead = (name: string): Promise<unknown> =>
    demo.call('POST', '/crm/leads', { name, email: `${name.toLowerCase()}@example.com`, company: 'Fjord AS', source: 'Web Form' });

  beforeAll(async () => {
    welcome = (await api('GET', 'workflows?search=welcome-web')).items[0].id;
    await lead('Nora');
    await eventually(async () => expect((await api('GET', 'runs?status=succeeded')).items).toHaveLength(1));
    await demo.call('POST', '/crm/mailbox/outage', { mode: 'reject' });
    await Promise.all(['Ann', 'Ben'].map(lead));
    await eventually(async () => expect((await api('GET', 'runs?status=failed')).items).toHaveLength(2));
    await demo.call('POST', '/crm/mailbox/outage', { mode: 'off' });
  });

  it('tell how it does: success, days, what fails, steps and the last runs', async () => {
    for (const [theme, width] of [
      ['light', 1440],
      ['light', 900],
      ['dark', 360],
    ] as const) {
      const { page, open, axe, picture, close } = await demo.tab({ theme, width });
      await open(`workflows/${welcome}/health`);
      await page.getByRole('row', { name: /smtp_rejected_recipient/ }).waitFor();
      expect(await page.locator('.figure').allInnerTexts()).toEqual(expect.arrayContaining([expect.stringContaining('33.3 %')]));
      await thereAre(8, page.getByRole('table', { name: 'Runs by day' }).getByRole('row'));
      await page.getByRole('row', { name: /Welcome mail.*33 %/ }).waitFor();
      await thereAre(4, page.getByRole('table', { name: 'Last runs' }).getByRole('row'));
      expect(await axe()).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      await picture('workflow-health');
      await close();
    }
    const { page, open } = await demo.tab();
    await open(`workflows/${welcome}/health`);
    await page.getByRole('link', { name: '2', exact: true }).first().click();
    await page.waitForURL(/\/runs\?status=failed&period=P7D$/);
    await thereAre(2, page.getByRole('row', { name: /Failed at Welcome mail/ }));
  });

  it('list its runs alone, and keep their filter in the address', async () => {
    const other = await create('Of another', BY_HAND);
    await api('POST', `workflows/${other}/publish`);
    const { items } = await api('GET', 'runs?status=succeeded&limit=1');
    await api('POST', `workflows/${other}/runs`, { record: { module: 'leads', id: items[0].recordId } });
    const { page, open, axe, picture } = await demo.tab();
    await open(`workflows/${welcome}/runs`);
    await thereAre(4, page.getByRole('row'));
    expect(await page.getByLabel('Workflow', { exact: true }).count()).toBe(0);
    expect(await axe()).toEqual([]);
    await picture('workflow-runs');
    await page.getByRole('button', { name: 'Succeeded 1' }).press('Enter');
    await page.waitForURL(/\/runs\?status=succeeded$/);
    await page.reload();
    await page.getByRole('row', { name: /Succeeded/ }).waitFor();
    await thereAre(2, page.getByRole('row'));
    await page.getByRole('link', { name: /^Run …/ }).click();
    await page.getByRole('heading', { level: 1, name: 'Welcome web leads' }).waitFor();
  });

  it('compare versions, publish an earlier one again, and make one the draft, which undo takes back', async () => {
    const id = await create('Versioned', BY_HAND);
    await api('POST', `workflows/${id}/publish`, { note: 'The first one.' });
    const edit = async (text: string): Promise<void> => {
      const { revision } = await api('GET', `workflows/${id}`);
      await api('PATCH', `workflows/${id}`, { revision, definition: { ...BY_HAND, steps: [{ ...NOTE, with: { body: text } }] } });
    };
    await edit('Two.');
    await api('POST', `workflows/${id}/publish`, { note: 'The second one.' });
    await edit('Three.');
    const { page, open, axe, picture } = await demo.tab();
    await open(`workflows/${id}/versions`);
    // What publishing the draft would change.
    await page.locator('del', { hasText: 'Two.' }).waitFor();
    await page.locator('ins', { hasText: 'Three.' }).waitFor();
    expect(await axe()).toEqual([]);
    await picture('workflow-versions');
    for (const path of ['versions', 'runs'] as const) {
      const narrow = await demo.tab({ theme: 'dark', width: 360 });
      await narrow.open(`workflows/${path === 'runs' ? welcome : id}/${path}`);
      await narrow.page.getByRole('row').nth(1).waitFor();
      expect(await narrow.axe()).toEqual([]);
      expect(await narrow.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      await narrow.picture(`workflow-${path}`);
    }
    const actions = (version: number): Promise<void> => page.getByRole('button', { name: `Actions of version ${version}` }).press('Enter');
    await actions(2);
    expect(await page.getByRole('menuitem').allInnerTexts()).toEqual([
      'Compare with the draft',
      'Compare with the one before',
      'Edit from here',
      'Export',
    ]);
    await page.getByRole('menuitem', { name: 'Compare with the one before' }).press('Enter');
    await page.waitForURL(/from=1&to=2$/);
    await page.locator('del', { hasText: 'One.' }).waitFor();
    expect(await page.getByText('Three.').count()).toBe(0);
    await actions(1);
    await page.getByRole('menuitem', { name: 'Publish this one again …' }).press('Enter');
    await page.getByRole('button', { name: 'Publish v3 and keep active' }).press('Enter');
    await page.getByRole('row', { name: /v3.*v1 again/ }).waitFor();
    expect(await axe()).toEqual([]);
    await actions(1);
    await page.getByRole('menuitem', { name: 'Edit from here' }).press('Enter');
    await page.getByText('The draft is version 1 again.').first().waitFor();
    const body = async (): Promise<string> => (await api('GET', `workflows/${id}`)).definition.steps[0].with.body;
    await eventually(async () => expect(await body()).toBe('One.'));
    expect(page.url()).toBe(`${demo.api}/console/workflows/${id}`);
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await eventually(async () => expect(await body()).toBe('Three.'));
  });

  it('hold its settings: how runs go, the trigger URL, what it remembers', async () => {
    const id = await create('Reached by URL', { trigger: { type: 'webhook' }, steps: [{ id: 'end', type: 'stop' }] });
    await api('POST', `workflows/${id}/publish`);
    const { page, open, axe, picture } = await demo.tab();
    await open(`workflows/${id}/settings`);
    expect(await axe()).toEqual([]);
    // Which keys there are, as on every page of a draft; in a text it is a letter.
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Rename the workflow' }).press('Enter');
    await page.keyboard.type('By URL?');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'By URL?' }).waitFor();
    await page.getByRole('combobox', { name: 'Again on the same record' }).selectOption('once_per_record');
    await page.getByLabel('Runs at a time', { exact: false }).fill('3');
    const failed = page.getByLabel('When a run has failed', { exact: false }).first();
    await failed.fill('https://ops.example.com/one');
    await page.getByRole('combobox', { name: 'Signed with' }).fill('ops');
    await page.keyboard.press('Tab');
    // Empty on the way to another address.
    await failed.fill('');
    await failed.fill('https://ops.example.com/two');
    await eventually(async () =>
      expect((await api('GET', `workflows/${id}`)).definition.settings).toEqual({
        reentry: 'once_per_record',
        maxConcurrentRuns: 3,
        onFailure: { url: 'https://ops.example.com/two', secret: { $secret: 'ops' } },
      }),
    );
    await failed.fill('');
    await eventually(async () => expect((await api('GET', `workflows/${id}`)).definition.settings.onFailure).toBeUndefined());

    await page.getByRole('button', { name: 'Make the URL' }).press('Enter');
    const url = await page.getByLabel('URL', { exact: true }).inputValue();
    expect((await fetch(url, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })).status).toBe(202);
    expect(await axe()).toEqual([]);
    await page.reload();
    await page.getByText(/Last used/).waitFor();
    expect(await page.getByLabel('URL', { exact: true }).count()).toBe(0);
    await page.getByRole('button', { name: 'Make another …' }).press('Enter');
    expect(await axe()).toEqual([]);
    let made = 0;
    await page.route('**/rotate-token', (route) => {
      made += 1;
      return route.continue();
    });
    // Twice in a row makes one.
    await page.getByRole('button', { name: 'Make another', exact: true }).dblclick();
    await page.getByText('An old one goes on until').waitFor();
    expect(made).toBe(1);
    expect(await page.getByLabel('URL', { exact: true }).inputValue()).not.toBe(url);

    await page.getByRole('button', { name: 'Add', exact: true }).press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Remember a value' });
    await dialog.getByLabel('Name').fill('seen');
    await dialog.getByLabel('Value').fill('12');
    await dialog.getByText('Taken as a number.', { exact: false }).waitFor();
    expect(await axe()).toEqual([]);
    await dialog.getByRole('button', { name: 'Save' }).press('Enter');
    await dialog.waitFor({ state: 'detached' });
    const values = async (): Promise<unknown> => (await api('GET', `workflows/${id}/context`)).values;
    expect(await values()).toEqual({ seen: 12 });
    await picture('workflow-settings');
    await page.getByRole('button', { name: 'Forget seen' }).press('Enter');
    await page.getByText('“seen” is forgotten.').first().waitFor();
    expect(await values()).toEqual({});
    await page.getByRole('button', { name: 'Undo', exact: true }).press('Enter');
    await eventually(async () => expect(await values()).toEqual({ seen: 12 }));
  });

  it('say when a schedule starts next, at any width and in both themes', async () => {
    const trigger = { type: 'schedule', cron: '0 9 * * MON-FRI', timezone: 'Europe/Berlin' };
    const id = await create('At nine', { trigger, steps: [{ id: 'end', type: 'stop' }] });
    await api('POST', `workflows/${id}/publish`);
    for (const [theme, width] of [
      ['light', 900],
      ['dark', 1440],
      ['dark', 360],
    ] as const) {
      const { page, open, axe, picture, close } = await demo.tab({ theme, width });
      await open(`workflows/${id}/settings`);
      await page.getByText('At 09:00, Monday to Friday').waitFor();
      await page
        .getByText(/09:00 \(Europe\/Berlin/)
        .first()
        .waitFor();
      expect(await axe()).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      await picture('workflow-schedule');
      await close();
    }
  });

  it('say what is under way when it is paused, and why it cannot be deleted', async () => {
    const id = await create('Under way', { ...BY_HAND, steps: [{ id: 'wait', type: 'delay', for: 'P1D' }] });
    await api('POST', `workflows/${id}/publish`);
    const { items } = await api('GET', `runs?workflowId=${welcome}&limit=1`);
    await api('POST', `workflows/${id}/runs`, { record: { module: 'leads', id: items[0].recordId } });
    await eventually(async () => expect((await api('GET', `runs?workflowId=${id}&status=waiting`)).items).toHaveLength(1));
    const { page, open, axe } = await demo.tab();
    await open(`workflows/${id}/health`);
    await page.getByRole('link', { name: '1 on v1' }).waitFor();
    await page.getByRole('switch', { name: 'Under way: active' }).press('Space');
    await page.getByText('1 run in flight finishes.').first().waitFor();
    await page.getByRole('button', { name: 'Undo', exact: true }).press('Enter');
    await page.getByText('“Under way” is active.').first().waitFor();
    await open(`workflows/${id}/settings`);
    await page.getByText('Not while runs are under way').waitFor();
    expect(await page.getByRole('button', { name: /^Delete …/ }).getAttribute('aria-disabled')).toBe('true');
    expect(await axe()).toEqual([]);
  });

  it('end it, after saying what that means: unpublish, archive and take it back, delete', async () => {
    const id = await create('Ended', BY_HAND);
    await api('POST', `workflows/${id}/publish`);
    const { page, open, axe } = await demo.tab();
    await open(`workflows/${id}/settings`);
    const status = async (): Promise<string> => (await api('GET', `workflows/${id}`)).status;
    await page.getByRole('button', { name: 'Archive', exact: true }).press('Enter');
    await page.getByText('“Ended” is archived.').first().waitFor();
    await page.getByRole('button', { name: 'Take out', exact: true }).waitFor();
    expect(await axe()).toEqual([]);
    await page.getByRole('button', { name: 'Take out', exact: true }).press('Enter');
    await page.getByText('“Ended” is back.').first().waitFor();
    expect(await status()).toBe('paused');
    await page.getByRole('button', { name: 'Unpublish …' }).press('Enter');
    expect(await axe()).toEqual([]);
    await page.getByRole('button', { name: 'Unpublish', exact: true }).press('Enter');
    await page.getByText('“Ended” is a draft again.').first().waitFor();
    expect(await status()).toBe('draft');
    await page.getByRole('button', { name: 'Delete …' }).press('Enter');
    await page.getByRole('button', { name: 'Delete', exact: true }).press('Enter');
    await page.waitForURL(/\/console\/workflows$/);
    expect((await api('GET', 'workflows?search=Ended')).items).toEqual([]);
  });

  it('offer support what it may: to look, and to retry', async () => {
    const { page, open, axe } = await demo.tab({ token: 'demo-support' });
    await open(`workflows/${welcome}/settings`);
    await page.getByRole('heading', { name: 'What it remembers' }).waitFor();
    expect(await page.getByRole('button', { name: /^(Publish|Archive|Delete|Add|Unpublish)/ }).count()).toBe(0);
    expect(await axe()).toEqual([]);
    await open(`workflows/${welcome}/health`);
    await page.getByRole('button', { name: 'Retry …' }).press('Enter');
    await page.getByText('2 runs would be retried.').waitFor();
    await open(`workflows/${welcome}/versions`);
    await page.getByRole('button', { name: 'Actions of version 1' }).press('Enter');
    expect(await page.getByRole('menuitem').allInnerTexts()).toEqual(['Compare with the draft', 'Export']);
  });

  it('say that there is no such workflow', async () => {
    const { page, open, axe, expectFaults } = await demo.tab();
    expectFaults(/status of 404/);
    await open('workflows/019a9f3c-5b7e-7c31-9d3c-0f1f6f1d2a11/health');
    await page.getByRole('heading', { name: 'No such workflow' }).waitFor();
    expect(await axe()).toEqual([]);
  });
});
