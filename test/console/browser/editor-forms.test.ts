import { expect, it } from '@jest/globals';
import type { Locator } from 'playwright-core';
import type { JsonObject } from '../../../src/core/json.js';
import { type ConsoleDemo, describeConsole } from '../support/console-demo.js';

const TRIGGER = { type: 'event', module: 'leads', event: 'created' };
const MAIL: JsonObject = {
  id: 'mail',
  type: 'send_email',
  with: { to: '{{record.email}}', template: 'welcome', subject: 'Welcome, {{record.name}}' },
};
const HOOK: JsonObject = { id: 'hook', type: 'webhook', with: { url: 'https://example.test/hook', secret: { $secret: 'receiver' } } };

describeConsole('the forms of the editor', (demo) => {
  const create = (name: string, steps: JsonObject[]): ReturnType<ConsoleDemo['call']> =>
    demo.call('POST', '/automation/workflows', { name, definition: { trigger: TRIGGER, steps } });
  const stored = async (id: string): Promise<JsonObject[]> => (await demo.call('GET', `/automation/workflows/${id}`)).definition.steps;

  it('offer what an argument names, show the mail of a template, and what a text becomes', async () => {
    const { id } = await create('With mail', [
      MAIL,
      { id: 'task', type: 'create_task', with: { title: 'Call' } },
      { id: 'ask', type: 'approval', assignees: ['{{record.ownerId}}'], role: 'sales' },
    ]);
    await demo.call('POST', '/crm/leads', { name: 'Nora Berg', email: 'nora@example.test', company: 'Fjord', source: 'Referral' });
    const { page, open, axe, picture } = await demo.tab();
    await open(`workflows/${id}?step=mail`);
    // For a sample, until somebody chooses a record.
    await page.getByText(/^For example: Welcome, /).waitFor();
    await page.getByRole('combobox', { name: 'Record to check against' }).fill('nora');
    await page.getByRole('option', { name: /Nora Berg/ }).click();
    await page.getByText('Nora Berg gets: Welcome, Nora Berg').waitFor();
    await page.getByRole('button', { name: 'Show this mail' }).click();
    const mail = page.getByRole('dialog', { name: 'The mail “welcome”' });
    await mail.getByText('As Nora Berg gets it. Nothing is sent.').waitFor();
    await mail.getByText('HTML source').click();
    await mail
      .getByText('<html', { exact: false })
      .or(mail.getByText('<p', { exact: false }))
      .first()
      .waitFor();
    expect(await axe()).toEqual([]);
    await picture('editor-mail');
    await page.keyboard.press('Escape');
    // A user by name; stored is the id.
    await page.locator('[data-step="steps[1]"]').click();
    await page.getByRole('heading', { name: '2 Create task · Call' }).waitFor();
    await page.getByText(/^More \(/).click();
    const assignee = page.getByLabel('Assignee id (optional)');
    await assignee.fill('ben');
    await page.getByRole('option', { name: /^Ben/ }).first().click();
    await expect(assignee.inputValue()).resolves.toMatch(/^Ben/);
    expect(await axe()).toEqual([]);
    await picture('editor-pickers');
    await page.keyboard.press('Control+s');
    await page.getByText(/^Saved \d/).waitFor();
    const { items: people } = await demo.call('GET', '/automation/users?search=ben');
    expect((await stored(id))[1]).toMatchObject({ with: { assigneeId: people[0].id } });
    // Steps that cannot be read are there, and say why.
    await page.getByRole('button', { name: 'Insert a variable' }).first().click();
    await page.getByRole('searchbox', { name: 'Search variables' }).fill('approval');
    await page.getByText('It comes behind this step.').waitFor();
    expect(await axe()).toEqual([]);
    await picture('editor-variables');
  });

  it('keep secrets out of fields: they are named, replaced and removed', async () => {
    await demo.call('PUT', '/automation/secrets/receiver', { value: 'whsec_c2VjcmV0IGZvciBhIHJlY2VpdmVy', hosts: ['example.test'] });
    await demo.call('PUT', '/automation/secrets/other', { value: 'whsec_YW5vdGhlciBvbmUgZm9yIGEgdGVzdA', hosts: ['example.test'] });
    const { id } = await create('With a secret', [HOOK]);
    const { page, open, axe, picture } = await demo.tab();
    await open(`workflows/${id}?step=hook`);
    await page.getByText(/kept since \d+ \w+ \d{4}/).waitFor();
    expect(await axe()).toEqual([]);
    await picture('editor-secret');
    await page.getByRole('button', { name: 'Replace Secret' }).click();
    await page.getByLabel('Secret: a secret of the workspace').selectOption('other');
    await page.getByText('other', { exact: true }).waitFor();
    await page.keyboard.press('Control+s');
    await page.getByText(/^Saved \d/).waitFor();
    expect((await stored(id))[0]).toMatchObject({ with: { secret: { $secret: 'other' } } });
    await page.getByRole('button', { name: 'Remove Secret' }).click();
    await page.keyboard.press('Control+s');
    await page.getByText(/^Saved \d/).waitFor();
    expect((await stored(id))[0]).toEqual({ ...HOOK, with: { url: 'https://example.test/hook' } });
  });

  it('ask for what is inside an argument as for all else: fields of the module that is chosen, conditions, secrets', async () => {
    await demo.call('PUT', '/automation/secrets/api', { value: 'a token that is long enough', hosts: ['example.test'] });
    const { id } = await create('With records', [
      { id: 'find', type: 'find_records', with: { module: 'accounts', where: { all: [] }, sort: [{ field: 'name' }], fields: ['name'] } },
      { id: 'make', type: 'create_record', with: { module: 'accounts', fields: { name: '{{record.company}}' } } },
      { id: 'call', type: 'http_request', with: { url: 'https://example.test/look', auth: { type: 'bearer' } } },
    ]);
    const { page, open, axe, picture } = await demo.tab();
    const form = page.getByRole('complementary', { name: 'The chosen step' });
    const choose = async (field: Locator, text: string, option: string | RegExp): Promise<void> => {
      await field.fill(text);
      await form.getByRole('listbox').getByRole('option', { name: option }).first().click();
    };
    await open(`workflows/${id}?step=find`);
    // Fields of accounts, not of the lead that the run is about.
    await form.getByRole('button', { name: 'Add condition' }).click();
    await choose(form.getByRole('combobox', { name: 'Field', exact: true }).first(), 'revenue', /^Annual revenue/);
    await form.getByRole('combobox', { name: 'Operator' }).selectOption({ label: 'is greater than' });
    await form.getByLabel('Value', { exact: true }).fill('1000000');
    await form.getByRole('group', { name: 'Sort' }).getByRole('button', { name: 'Add' }).click();
    await choose(form.getByRole('group', { name: 'Sort' }).getByLabel('Field', { exact: true }).last(), 'creat', /^Created/);
    await choose(form.getByRole('combobox', { name: 'Fields (optional)' }), 'industry', /^Industry/);
    expect(await axe()).toEqual([]);
    await picture('editor-find-records');

    await page.locator('[data-step="steps[1]"]').click();
    await page.getByRole('heading', { name: /^2 Create record/ }).waitFor();
    expect(await form.getByLabel('Name', { exact: true }).last().inputValue()).toBe('{{record.company}}');
    await choose(form.getByRole('combobox', { name: 'Add a field to Fields' }), 'revenue', /^Annual revenue/);
    // The focus is in the new one. A half-typed number stays.
    await page.keyboard.type('12.5');
    await choose(form.getByRole('combobox', { name: 'Add a field to Fields' }), 'website', /^Website/);
    await page.keyboard.type('w');
    await page.keyboard.press('Backspace');
    await page.keyboard.type('example.test');
    await choose(form.getByRole('combobox', { name: 'Add a field to Fields' }), 'industry', /^Industry/);
    expect(await axe()).toEqual([]);
    await picture('editor-create-record');
    await form.getByRole('button', { name: 'Remove Industry' }).press('Enter');
    const focused = (): Promise<string | undefined> => page.evaluate(() => (document.activeElement as HTMLElement).dataset.path);
    expect(await focused()).toBe('steps[1].with.fields.name');

    await page.locator('[data-step="steps[2]"]').click();
    await page.getByRole('heading', { name: /^3 HTTP request/ }).waitFor();
    await form.getByLabel('Token: a secret of the workspace').selectOption('api');
    await form.getByText('api', { exact: true }).waitFor();
    expect(await axe()).toEqual([]);
    await picture('editor-http-auth');
    // Names and values, by keys alone.
    await form.getByText(/^More \(\d+\)$/).click();
    await form.getByRole('group', { name: 'Query' }).getByRole('button', { name: 'Add a value' }).press('Enter');
    await page.keyboard.type('page');
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('steps[2].with.query.page');
    await page.keyboard.type('2');
    await page.keyboard.press('Control+s');
    await page.getByText(/^Saved \d/).waitFor();
    expect((await stored(id)).map((step) => step.with)).toEqual([
      {
        module: 'accounts',
        where: { all: [{ field: 'annualRevenue', operator: 'greater_than', value: 1_000_000 }] },
        sort: [{ field: 'name' }, { field: 'createdAt' }],
        fields: ['name', 'industry'],
      },
      { module: 'accounts', fields: { name: '{{record.company}}', annualRevenue: 12.5, website: 'example.test' } },
      { url: 'https://example.test/look', auth: { type: 'bearer', token: { $secret: 'api' } }, query: { page: '2' } },
    ]);
    for (const step of ['find', 'make', 'call']) {
      const narrow = await demo.tab({ theme: 'dark', width: 360 });
      await narrow.open(`workflows/${id}?step=${step}`);
      await narrow.page.getByRole('complementary', { name: 'The chosen step' }).waitFor();
      await narrow.page.evaluate(() => scrollTo(0, 0));
      expect(await narrow.axe()).toEqual([]);
      expect(await narrow.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      await narrow.picture(`editor-${step}`);
      await narrow.close();
    }
    await form.getByLabel('Type', { exact: true }).selectOption('basic');
    await form.getByLabel('Username').fill('me');
    await form.getByLabel('Type', { exact: true }).selectOption('');
    await page.keyboard.press('Control+s');
    await page.getByText(/^Saved \d/).waitFor();
    expect((await stored(id))[2]).toMatchObject({ with: { url: 'https://example.test/look' } });
    expect(Object.keys((await stored(id))[2]?.with as JsonObject)).toEqual(['url', 'query']);
  });

  it('say where JSON is wrong, and apply it as one edit that can be undone', async () => {
    const { id } = await create('As JSON', [MAIL]);
    const { page, open } = await demo.tab();
    await open(`workflows/${id}`);
    await page.getByText('As JSON', { exact: true }).last().click();
    const text = page.getByLabel('Definition');
    await text.fill('{\n  "steps": [],\n}');
    await page.getByText('Line 3, column 1: A name in double quotes is expected here, not }.').waitFor();
    // It cannot be applied, and Ctrl+S does not pretend that it was.
    await page.keyboard.press('Control+s');
    await page.getByText('Not all of it is saved').first().waitFor();
    expect(await text.evaluate((field) => field === document.activeElement)).toBe(true);
    await text.fill(JSON.stringify({ trigger: TRIGGER, steps: [] }));
    await page.keyboard.press('Control+s');
    await page.getByText('0 steps').waitFor();
    await page.getByText(/^Saved \d/).waitFor();
    expect(await stored(id)).toEqual([]);
    await page.getByRole('button', { name: 'Undo (Ctrl+Z)' }).click();
    await page.locator('[data-step="steps[0]"]').waitFor();
  });

  it('try the draft on a sample, on an event and on that of a failed run, and do nothing', async () => {
    const { id } = await create('Tried', [
      { id: 'look', name: 'Look it up', type: 'http_request', with: { url: 'https://example.test/look' } },
      { id: 'tell', type: 'add_note', with: { body: 'Score {{steps.look.output.body.score}}' } },
      MAIL,
    ]);
    await demo.call('POST', `/automation/workflows/${id}/publish`, { activate: true });
    await demo.call('POST', '/crm/leads', { name: 'Omar Said', email: 'omar@example.test', company: 'Dune', source: 'Referral' });
    let run: { id: string; status: string } | undefined;
    // The call goes nowhere, and is tried again: there is a run in any case.
    while (run === undefined) [run] = (await demo.call('GET', `/automation/runs?workflowId=${id}`)).items;
    const before = (await demo.call('GET', '/automation/events?limit=100')).items.length;
    const { page, open, axe, picture } = await demo.tab();
    await open(`workflows/${id}?test=run:${run.id}`);
    const dialog = page.getByRole('dialog', { name: 'Test the draft' });
    await dialog.getByText('It would start.').waitFor();
    await dialog.getByText('mails “Welcome, Omar Said” to').waitFor();
    await dialog.getByText('Look it up').click();
    await dialog.getByLabel('What it answers').fill('{ "status": 200, "body": { "score": 80 } }');
    await dialog.getByText('notes “Score 80”').waitFor();
    await dialog.getByText(/^mails/).click();
    await dialog.getByText('HTML source').waitFor();
    expect(await axe()).toEqual([]);
    await picture('editor-test-run');
    await dialog.getByLabel('A sample').check();
    await dialog.getByLabel('Fields of the record').fill('{ "name": "Ada", "email": "ada@example.test" }');
    await dialog.getByText('mails “Welcome, Ada” to').waitFor();
    expect(await axe()).toEqual([]);
    await dialog.getByLabel('A past event').check();
    await dialog.getByRole('combobox', { name: 'Event to test with' }).click();
    await dialog.getByRole('option').first().waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    expect(new URL(page.url()).searchParams.has('test')).toBe(false);
    expect((await demo.call('GET', '/automation/events?limit=100')).items.length).toBe(before);
  });
});
