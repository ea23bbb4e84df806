import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type ConsoleDemo, describeConsole } from '../support/console-demo.js';

const BRANCHED = {
  trigger: { type: 'event', module: 'leads', event: 'stage_changed', to: ['Contacted'] },
  conditions: {
    all: [
      { field: 'source', operator: 'equals', value: 'Web Form' },
      {
        any: [
          { field: 'amount', operator: 'greater_than', value: 50_000 },
          { field: 'priority', operator: 'equals', value: 'Urgent' },
        ],
      },
    ],
  },
  steps: [
    { id: 'tag', type: 'add_tag', with: { tags: ['contacted'] } },
    {
      id: 'size',
      name: 'How large?',
      type: 'branch',
      branches: [
        {
          name: 'large',
          when: { all: [{ field: 'amount', operator: 'greater_than', value: 100_000 }] },
          steps: [{ id: 'senior', type: 'assign_owner', with: { strategy: 'least_busy', role: 'senior' } }],
        },
      ],
      otherwise: [{ id: 'note', type: 'add_note', with: { body: 'A small one.' } }],
    },
  ],
};

const focused = (page: Page): Promise<string> =>
  page.evaluate(() => document.activeElement?.getAttribute('data-step') ?? document.activeElement?.textContent ?? '');
/** Goes on by a key until what has the focus is called so: nobody without a mouse gets anywhere in another way. */
const goTo = async (page: Page, name: string | RegExp, key = 'Tab'): Promise<void> => {
  const seen: string[] = [];
  for (let presses = 0; presses < 80; presses += 1) {
    await page.keyboard.press(key);
    const here = await page.evaluate(() => {
      const active = document.activeElement;
      const [label] = (active as HTMLInputElement | null)?.labels ?? [];
      return (active?.getAttribute('aria-label') ?? label?.textContent ?? active?.textContent ?? '').trim();
    });
    if (typeof name === 'string' ? here === name : name.test(here)) return;
    seen.push(here.slice(0, 40));
  }
  throw new Error(`${name} cannot be reached: ${seen.join(' | ')}`);
};
const saved = (page: Page): Promise<void> => page.getByText(/^Saved \d/).waitFor();

describeConsole('the editor', (demo) => {
  const create = (name: string, definition: object = BRANCHED): ReturnType<ConsoleDemo['call']> =>
    demo.call('POST', '/automation/workflows', { name, definition });

  it('is beautiful at any width and in both themes, with a step chosen and a dialog open', async () => {
    const { id } = await create('Looked at');
    for (const [theme, width] of [
      ['dark', 360],
      ['light', 900],
      ['light', 1440],
    ] as const) {
      const { page, open, axe, picture, close } = await demo.tab({ theme, width });
      await open(`workflows/${id}`);
      await page.getByRole('heading', { name: 'Looked at' }).waitFor();
      expect(await axe()).toEqual([]);
      await picture('editor');
      await page.locator('[data-step="steps[1]"]').click();
      await page.getByRole('heading', { name: '2 How large?' }).waitFor();
      // Where the form is a sheet over the page, a control may be half under it, as it may be under the window's edge.
      await page.evaluate(() => scrollTo(0, 0));
      expect(await axe()).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      await picture('editor-step');
      if (width !== 1440) {
        await close();
        continue;
      }
      await page.getByRole('button', { name: 'Publish …' }).click();
      await page.getByText('It is published for the first time.').waitFor();
      expect(await axe()).toEqual([]);
      await picture('editor-publish');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Test', exact: true }).click();
      await page.getByText('Nothing is written, sent or started.').waitFor();
      await page.getByText('It would end').waitFor();
      expect(await axe()).toEqual([]);
      await picture('editor-test');
    }
  });

  it('builds and publishes a first workflow by mouse', async () => {
    const { page, open, axe } = await demo.tab();
    await open('workflows');
    await page.getByRole('link', { name: 'New workflow' }).click();
    await page.getByRole('heading', { name: 'New workflow' }).waitFor();
    expect(await axe()).toEqual([]);
    await page.getByRole('button', { name: 'Begin with nothing' }).click();
    await page.getByLabel('Module', { exact: true }).selectOption('leads');
    await page.getByLabel('Event', { exact: true }).selectOption('created');
    await page.getByRole('button', { name: 'Add condition' }).click();
    await page.getByRole('combobox', { name: 'Field' }).fill('sour');
    await page
      .getByRole('option', { name: /Source/ })
      .first()
      .click();
    await page.getByRole('combobox', { name: 'Value' }).fill('Referral');
    await page.getByRole('option', { name: 'Referral' }).click();
    await page.getByRole('button', { name: /Add a step/ }).click();
    await page.getByRole('button', { name: /^Create task/ }).click();
    await page.getByLabel('Title', { exact: true }).fill('Thank ');
    await page.getByRole('button', { name: 'Insert a variable' }).first().click();
    await page.getByRole('searchbox', { name: 'Search variables' }).fill('name');
    await page.getByRole('button', { name: /^Name/ }).first().click();
    await page.getByRole('button', { name: 'Rename the workflow' }).click();
    await page.getByRole('textbox', { name: 'Name of the workflow' }).fill('Thank for leads');
    await page.keyboard.press('Enter');
    await saved(page);
    await page.getByRole('button', { name: 'Publish …' }).click();
    await page.getByLabel('Note (optional)').fill('The first one.');
    await page.getByRole('button', { name: 'Publish v1 and activate' }).click();
    await page.getByText('Version 1 is published and active.').first().waitFor();
    expect(await axe()).toEqual([]);
    const [made] = (await demo.call('GET', '/automation/workflows?search=Thank for leads')).items;
    const { published } = await demo.call('GET', `/automation/workflows/${made.id}`);
    expect(published).toMatchObject({ version: 1, note: 'The first one.' });
    expect(published.definition).toMatchObject({
      trigger: { type: 'event', module: 'leads', event: 'created' },
      conditions: { all: [{ field: 'source', operator: 'equals', value: 'Referral' }] },
      steps: [{ id: 'create_task', type: 'create_task', with: { title: 'Thank {{record.name}}' } }],
    });
    await open(`workflows/${made.id}/versions`);
    await page.getByText('The first one.').waitFor();
    expect(await axe()).toEqual([]);
  });

  it('takes what nobody has come to yet for open and not for wrong, until it is to be published', async () => {
    const EMPTY = { trigger: { type: 'event' }, conditions: { field: '', operator: 'equals' }, steps: [] };
    const { id } = await create('Hardly begun', EMPTY);
    for (const [theme, width] of [
      ['light', 1440],
      ['light', 900],
      ['dark', 360],
    ] as const) {
      const { page, open, axe, picture, close } = await demo.tab({ theme, width });
      await open(`workflows/${id}`);
      const problems = page.getByRole('region', { name: 'Problems' });
      await problems.getByText('Still to be filled in before it can be published').waitFor();
      await problems.getByText('When: Module', { exact: true }).waitFor();
      await problems.getByText('If: Value', { exact: true }).waitFor();
      expect(await page.locator('[aria-invalid=true], .tone-bad').evaluateAll((all) => all.map((one) => one.outerHTML))).toEqual([]);
      expect(await axe()).toEqual([]);
      await picture('editor-open');
      await page.getByRole('button', { name: 'Publish …' }).click();
      await page.getByRole('button', { name: 'Leave it' }).click();
      await page.getByText(/problems to mend before it can be published/).waitFor();
      await page.getByText('"module" is missing.').first().waitFor();
      expect(await page.locator('[aria-invalid=true]').count()).toBeGreaterThan(0);
      expect(await axe()).toEqual([]);
      await close();
    }
  });

  it('does the same by keyboard alone', async () => {
    const { page, open } = await demo.tab();
    await open('workflows/new');
    const press = (...keys: string[]): Promise<void> =>
      keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
    await press('Tab');
    expect(await focused(page)).toBe('Skip to content');
    await press('Enter');
    await goTo(page, 'Begin with nothing');
    await press('Enter');
    await page.getByLabel('Module').waitFor();
    await goTo(page, 'Module');
    await page.keyboard.type('Lea');
    await press('Tab');
    await page.keyboard.type('Cre');
    await goTo(page, 'Add condition');
    await press('Enter');
    // The focus is on the field of the new row: it is what is chosen first.
    await page.keyboard.type('priori');
    await press('Enter', 'Tab', 'Tab');
    await page.keyboard.type('urg');
    await press('Enter');
    await goTo(page, /^Add a step/);
    await press('Enter');
    await page.keyboard.type('note');
    await press('Enter');
    // In the form of the new step.
    await page.getByRole('heading', { name: '1 Add note' }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-path'))).toBe('steps[0].name');
    await goTo(page, 'Body');
    await page.keyboard.type('Urgent.');
    await press('Escape');
    expect(await focused(page)).toBe('steps[0]');
    await press('a');
    await page.keyboard.type('delay');
    await press('Enter');
    await page.getByRole('heading', { name: '2 Delay' }).waitFor();
    await press('Escape', 'Alt+ArrowUp');
    expect(await focused(page)).toBe('steps[0]');
    await press('Delete');
    await goTo(page, 'Rename the workflow', 'Shift+Tab');
    await press('Enter');
    await page.keyboard.type('Built by keys');
    await press('Enter');
    // Whoever has named it goes on from there.
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Rename the workflow');
    await saved(page);
    await goTo(page, 'Publish …');
    await press('Enter');
    await page.getByText('It is published for the first time.').waitFor();
    await goTo(page, 'Leave it');
    await press('Enter');
    expect(await focused(page)).toBe('Publish …');
    await press('Enter');
    await page.getByText('It is published for the first time.').waitFor();
    await goTo(page, 'Publish v1 and activate');
    await press('Enter');
    await page.getByText('Version 1 is published and active.').first().waitFor();
    const [made] = (await demo.call('GET', '/automation/workflows?search=Built by keys')).items;
    expect((await demo.call('GET', `/automation/workflows/${made.id}`)).published.definition).toMatchObject({
      conditions: { all: [{ field: 'priority', operator: 'equals', value: 'Urgent' }] },
      steps: [{ type: 'add_note', with: { body: 'Urgent.' } }],
    });
  });

  it('moves steps through branches and conditions through groups by keys, keeps the focus on them, and takes it all back', async () => {
    const { id } = await create('Moved about');
    const { page, open } = await demo.tab();
    await open(`workflows/${id}?step=tag`);
    await page.locator('[data-step="steps[0]"]').focus();
    const way: string[] = [];
    for (let index = 0; index < 4; index += 1) {
      await page.keyboard.press('Alt+ArrowDown');
      way.push(await focused(page));
    }
    expect(way).toEqual([
      'steps[0].branches[0].steps[0]',
      'steps[0].branches[0].steps[1]',
      'steps[0].otherwise[0]',
      'steps[0].otherwise[1]',
    ]);
    const handle = page.getByRole('button', { name: /^Source is Web Form, 1 of 2 in All of these/ });
    await handle.focus();
    await page.keyboard.press('Alt+ArrowDown');
    expect(await focused(page)).toBe('Source is Web Form, 1 of 3 in Any of these');
    await page.keyboard.press('Delete');
    expect(await focused(page)).toBe('Amount is greater than 50,000, 1 of 2 in Any of these');
    for (let index = 0; index < 6; index += 1) await page.keyboard.press('Control+z');
    await saved(page);
    expect((await demo.call('GET', `/automation/workflows/${id}`)).definition).toEqual(BRANCHED);
  });

  it('checks the conditions against a record while they are typed', async () => {
    const { id } = await create('Checked');
    await demo.call('POST', '/crm/leads', { name: 'Nora Berg', email: 'nora@example.test', company: 'Fjord', source: 'Referral' });
    const { page, open, axe } = await demo.tab();
    await open(`workflows/${id}`);
    await page.getByRole('combobox', { name: 'Record to check against' }).fill('nora');
    await page.getByRole('option', { name: /Nora Berg/ }).click();
    await page.getByText('Would not run: Source is Referral, not Web Form', { exact: false }).waitFor();
    expect(await axe()).toEqual([]);
    await page.getByRole('combobox', { name: 'Value' }).first().fill('Referral');
    await page.keyboard.press('Enter');
    await page.getByText('does not hold (Normal)').waitFor();
    await page.getByText('Would not run: “Amount is greater than 50,000”', { exact: false }).waitFor();
  });

  it('leads from a problem to its field, and says so at the step', async () => {
    const { id } = await create('With problems', {
      ...BRANCHED,
      steps: [...BRANCHED.steps, { id: 'mail', type: 'send_email', with: { to: '{{record.email}}', template: 'nothing' } }],
    });
    const { page, open, axe } = await demo.tab();
    await open(`workflows/${id}`);
    await page.getByText('1 problem to mend before it can be published').waitFor();
    expect(await axe()).toEqual([]);
    await page.keyboard.press('F8');
    await page.getByRole('heading', { name: /^3 Send email/ }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-path'))).toBe('steps[2].with.template');
    await page.keyboard.type('welcome');
    await page.keyboard.press('Enter');
    await saved(page);
    expect(await page.getByText('to mend before it can be published').count()).toBe(0);
  });

  it('shows two who edit one draft what each has changed, and puts mine on top of theirs', async () => {
    const { id } = await create('Two at once');
    const [one, two] = [await demo.tab(), await demo.tab()];
    two.expectFaults(/status of 409/);
    for (const { open } of [one, two]) await open(`workflows/${id}?step=note`);
    await one.page.getByLabel('Name', { exact: true }).fill('Theirs');
    await saved(one.page);
    await two.page.getByLabel('Body', { exact: true }).fill('Mine.');
    await two.page.getByRole('heading', { name: 'Ines Alvarez has saved meanwhile' }).waitFor();
    expect(await two.axe()).toEqual([]);
    await two.picture('editor-conflict');
    await two.page.getByRole('button', { name: 'Put mine on top' }).click();
    await saved(two.page);
    const { definition } = await demo.call('GET', `/automation/workflows/${id}`);
    expect(definition.steps[1].otherwise[0]).toEqual({ id: 'note', name: 'Theirs', type: 'add_note', with: { body: 'Mine.' } });
  });

  it('asks about a description that two have changed, as about all else of a draft', async () => {
    const { id } = await create('Described by two');
    const { page, open, axe, picture, expectFaults } = await demo.tab();
    expectFaults(/status of 409/);
    await open(`workflows/${id}`);
    await demo.call('PATCH', `/automation/workflows/${id}`, { revision: 1, description: 'Theirs.' });
    await page.getByLabel('Description').fill('Mine.');
    const dialog = page.getByRole('dialog', { name: 'Ines Alvarez has saved meanwhile' });
    await dialog.waitFor();
    // The description is what differs, and nothing else.
    expect(await dialog.locator('.diff-value dd').allTextContents()).toEqual(['empty to Theirs.', 'empty to Mine.']);
    expect(await dialog.getByText('There is no difference.').count()).toBe(0);
    expect(await axe()).toEqual([]);
    await picture('editor-conflict-words');
    await page.getByRole('button', { name: 'Put mine on top' }).click();
    await saved(page);
    expect((await demo.call('GET', `/automation/workflows/${id}`)).description).toBe('Mine.');
  });

  it('opens the next page of a workflow with what was typed last, however slowly that is stored', async () => {
    const { id } = await create('Left at once');
    const { page, open } = await demo.tab();
    await open(`workflows/${id}`);
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    await page.route(`**/workflows/${id}`, async (route) => {
      if (route.request().method() === 'PATCH') await held;
      await route.continue();
    });
    const sent = page.waitForRequest((request) => request.method() === 'PATCH');
    await page.getByLabel('Description').fill('The last word.');
    await page.getByRole('link', { name: 'Settings', exact: true }).click();
    await sent;
    await page.waitForURL(/settings$/);
    await page.locator('output.skeleton').waitFor();
    letGo();
    await page.getByLabel('Runs at a time').fill('3');
    await saved(page);
    expect(await page.getByText('was not saved last time').count()).toBe(0);
    const { description, definition } = await demo.call('GET', `/automation/workflows/${id}`);
    expect([description, definition.settings.maxConcurrentRuns]).toEqual(['The last word.', 3]);
  });

  it('says that nothing is saved when something else than the API answers, and saves once it does again', async () => {
    const { id } = await create('Behind a sign-in');
    const { page, open } = await demo.tab();
    await open(`workflows/${id}`);
    await page.route(`**/workflows/${id}`, (route) =>
      route.request().method() === 'PATCH' ? route.fulfill({ contentType: 'text/html', body: '<p>Sign in' }) : route.continue(),
    );
    await page.getByLabel('Description').fill('Kept.');
    await page.getByText('What came back is not from the API.').waitFor();
    await page.unroute(`**/workflows/${id}`);
    await page.getByRole('button', { name: 'Try again' }).click();
    await saved(page);
    expect((await demo.call('GET', `/automation/workflows/${id}`)).description).toBe('Kept.');
  });

  it('says what went wrong where publishing cannot begin, whatever it is', async () => {
    const { id } = await create('Not to be published');
    const { page, open, expectFaults } = await demo.tab();
    expectFaults(/status of 500/);
    await open(`workflows/${id}`);
    await page.route('**/publish-preview', (route) => route.fulfill({ status: 500, body: '{}' }));
    await page.evaluate(() => {
      Headers.prototype.get = () => {
        throw new Error('Nobody has thought of this.');
      };
    });
    await page.getByRole('button', { name: 'Publish …' }).click();
    await page.getByRole('alert').getByText('Nobody has thought of this.', { exact: false }).waitFor();
  });

  it('shows support the same page to look at, and nothing to change', async () => {
    const { id } = await create('Looked at only');
    const { page, open, axe } = await demo.tab({ token: 'demo-support' });
    await open(`workflows/${id}`);
    await page.getByText('to look at only', { exact: false }).waitFor();
    await page.locator('[data-step="steps[1]"]').click();
    await page.getByRole('heading', { name: '2 How large?' }).waitFor();
    expect(await page.getByRole('button', { name: /^(Publish|Add a step|Undo)/ }).count()).toBe(0);
    expect(await axe()).toEqual([]);
  });
});
