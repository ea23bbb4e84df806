import { beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { describeConsole } from '../support/console-demo.js';

describeConsole('why', (demo) => {
  let dealId: string;

  beforeAll(async () => {
    const deal = await demo.call('POST', '/crm/opportunities', { name: 'Harbour cranes', amount: 40000, stage: 'Qualification' });
    dealId = deal.id;
    await eventually(async () => expect((await demo.call('GET', `/automation/runs?recordId=${dealId}`)).items).toHaveLength(1));
  });

  it('finds a record by its name and tells why a workflow did not run on it, by keyboard alone', async () => {
    const { page, open, axe, picture } = await demo.tab();
    await open('why');
    expect(await axe()).toEqual([]);
    await page.getByRole('searchbox').focus();
    await page.keyboard.type('harbour');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Harbour cranes' }).press('Enter');
    await page.getByRole('heading', { level: 2, name: 'Harbour cranes' }).waitFor();
    const verdict = page.locator('summary', { hasText: 'Senior owner for urgent and large deals' });
    expect(await verdict.textContent()).toContain('Amount was 40,000');
    await verdict.press('Enter');
    await page.getByText('Its conditions hold').waitFor();
    await page
      .locator('.ladder')
      .getByText(/It would have run if “Amount is greater than 50,000” held/)
      .waitFor();
    expect(await page.locator('.rung-not_reached').count()).toBeGreaterThan(0);
    expect(await page.getByRole('link', { name: 'Try the draft with this event' }).getAttribute('href')).toMatch(
      /^workflows\/[-0-9a-f]{36}\?test=event%3A/,
    );
    expect(await axe()).toEqual([]);
    await picture('why');
  });

  it('asks about one workflow in the address, whether it listens or not', async () => {
    const { page, open, axe, picture } = await demo.tab({ width: 360, theme: 'dark' });
    await open(`why?module=opportunities&id=${dealId}`);
    await page.getByLabel('About which workflow').selectOption({ label: 'About “Text new contacts”' });
    await page.waitForURL(/workflow=/);
    await page.locator('summary', { hasText: 'Not concerned' }).click();
    await page.getByText('listens to contacts.created, and this was opportunities.created').first().waitFor();
    expect(await axe()).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    await picture('why-one');
  });

  it('says what is not known, and shows an event with what a replay would do', async () => {
    const { page, open, axe, picture } = await demo.tab();
    await open('why?q=nobody-of-this-name');
    await page.getByText('Nothing is known by “nobody-of-this-name”').waitFor();
    expect(await axe()).toEqual([]);
    const [{ eventId }] = (await demo.call('GET', `/automation/runs?recordId=${dealId}`)).items;
    await open(`events/${eventId}`);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Opportunities: Created');
    expect(await axe()).toEqual([]);
    await picture('event');
    await page.getByRole('button', { name: 'Replay …' }).press('Enter');
    await page.getByText('would not run: conditions').waitFor();
    expect(await axe()).toEqual([]);
    expect(await page.getByRole('button', { name: /^Replay\s*: No workflow would start/ }).getAttribute('aria-disabled')).toBe('true');
  });

  it('tells of an event what the record was before, and whose run made it', async () => {
    const definition = {
      trigger: { type: 'event', module: 'leads', event: 'updated' },
      steps: [{ id: 'look', type: 'create_task', with: { title: 'Look' } }],
    };
    const { id } = await demo.call('POST', '/automation/workflows', { name: 'Look at changes', definition });
    await demo.call('POST', `/automation/workflows/${id}/publish`);
    await demo.call('POST', '/crm/leads', { name: 'Nora', email: 'nora@example.com', company: 'Fjord AS', source: 'Web Form' });
    const made = async (): Promise<{ id: string }> =>
      (await demo.call('GET', '/automation/events?module=leads')).items.find(
        ({ actor }: { actor: { type: string } }) => actor.type === 'workflow',
      );
    await eventually(async () => expect(await made()).toBeDefined());
    const { page, open, axe, picture } = await demo.tab({ width: 360 });
    await open(`events/${(await made()).id}`);
    await page.getByRole('list', { name: 'What led to it' }).getByRole('link', { name: 'Welcome web leads' }).waitFor();
    await page.getByRole('heading', { name: 'The record before' }).waitFor();
    expect(await axe()).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    await picture('event-caused');
  });
});
