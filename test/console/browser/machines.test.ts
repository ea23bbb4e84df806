import { beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { describeConsole } from '../support/console-demo.js';

const ONBOARDING = {
  for: { module: 'leads' },
  states: [
    { code: 'NEW', description: 'Nobody has talked to it.', initial: true },
    { code: 'CONTACTED', timeout: { after: 'P2D', transition: 'forget' } },
    { code: 'DONE', final: true },
    { code: 'FORGOTTEN' },
  ],
  transitions: [
    {
      code: 'contact',
      description: 'Somebody has called.',
      from: ['NEW', 'FORGOTTEN'],
      to: 'CONTACTED',
      trigger: {
        type: 'manual',
        input: [
          { name: 'spokeTo', label: 'Spoke to', type: 'text', required: true },
          { name: 'seats', label: 'Seats', type: 'number' },
        ],
      },
      conditions: { field: 'source', operator: 'equals', value: 'Web Form' },
    },
    {
      code: 'finish',
      from: ['CONTACTED'],
      to: 'DONE',
      trigger: { type: 'manual' },
      steps: [{ id: 'note', type: 'add_note', with: { body: 'Onboarded.' } }],
    },
    { code: 'forget', from: ['CONTACTED'], to: 'FORGOTTEN', trigger: { type: 'timeout' } },
    { code: 'skip', from: ['NEW'], to: 'DONE', trigger: { type: 'manual' }, enabled: false },
  ],
};

/** A machine of many states, ways back and ways over several layers. */
const HUGE = {
  for: { module: 'leads' },
  states: Array.from({ length: 20 }, (_, index) => ({
    code: `STATE_NUMBER_${index}`,
    ...(index === 0 && { initial: true }),
    ...(index === 19 && { final: true }),
  })),
  transitions: Array.from({ length: 36 }, (_, index) => ({
    code: `transition_${index}`,
    from: [`STATE_NUMBER_${(index * 7) % 19}`],
    to: `STATE_NUMBER_${index < 19 ? index + 1 : (index * 11) % 20}`,
    trigger: { type: 'manual' },
  })),
};

/** Where each page is looked at: pictures also of the width between. */
const LOOKS = [['light', 1440], ['dark', 360], ...(process.env.SCREENSHOTS ? ([['light', 900]] as const) : [])] as const;

describeConsole('state machines', (demo) => {
  const leads: string[] = [];
  let machine = '';
  const publish = async (name: string, definition: object): Promise<string> => {
    const { id } = await demo.call('POST', '/automation/machines', { name, definition });
    await demo.call('POST', `/automation/machines/${id}/publish`);
    return id;
  };

  beforeAll(async () => {
    for (const [name, source] of [
      ['Nora', 'Web Form'],
      ['Omar', 'Web Form'],
      ['Pia', 'Referral'],
    ]) {
      const email = `${String(name).toLowerCase()}@example.com`;
      leads.push((await demo.call('POST', '/crm/leads', { name, email, company: 'Fjord AS', source })).id);
    }
    machine = await publish('Onboarding', ONBOARDING);
  });

  const isWide = (): number => document.documentElement.scrollWidth - innerWidth;

  it('are listed with what they follow and how many are on their way, at any width and in both themes', async () => {
    for (const [theme, width] of LOOKS) {
      const { page, open, axe, picture, close } = await demo.tab({ theme, width });
      await open('machines');
      const row = page.getByRole('row', { name: /Onboarding/ });
      await row.waitFor();
      expect(await row.textContent()).toMatch(/Leads.*NEW.*Enabled/);
      expect(await axe()).toEqual([]);
      expect(await page.evaluate(isWide)).toBeLessThanOrEqual(0);
      await picture('machines');
      await close();
    }
    const { page, open, axe, picture } = await demo.tab();
    await open('machines?search=nothing');
    await page.getByText('No state machine is like that').waitFor();
    expect(await axe()).toEqual([]);
    await picture('machines-none');
  });

  it('are switched off and on by keyboard; what became of timeouts is asked where there may be some', async () => {
    const { page, open, axe } = await demo.tab();
    await open('machines');
    const toggle = page.getByRole('switch', { name: 'Onboarding: enabled' });
    await toggle.press('Space');
    await page.getByText('“Onboarding” is disabled.').first().waitFor();
    expect(await toggle.getAttribute('aria-checked')).toBe('false');
    await toggle.press('Space');
    await page.getByText('“Onboarding” is enabled.').first().waitFor();
    const other = page.getByRole('switch', { name: 'Lead nurturing: enabled' });
    await other.press('Space');
    await page.getByText('“Lead nurturing” is disabled.').first().waitFor();
    await demo.sql(
      `UPDATE automation.instances SET timeout_at = now() - interval '1 hour' WHERE id = (SELECT i.id FROM automation.instances i
         JOIN automation.workflows w ON w.id = i.machine_id WHERE w.name = 'Lead nurturing' AND i.timeout_at IS NOT NULL LIMIT 1)`,
    );
    await other.press('Space');
    await page.getByRole('heading', { name: 'Enable “Lead nurturing”' }).waitFor();
    await page.getByText('1 instance has stayed too long in its state while the machine was disabled.').waitFor();
    expect(await axe()).toEqual([]);
    await page.getByLabel('Begin them anew').check();
    await page.getByRole('button', { name: 'Enable', exact: true }).press('Enter');
    await page.getByText('“Lead nurturing” is enabled.').first().waitFor();
    expect((await demo.call('GET', '/automation/machines?search=nurturing')).items[0].status).toBe('active');
  });

  it('are shown as a drawing and a table that say the same, at any width and in both themes', async () => {
    for (const [theme, width] of LOOKS) {
      const { page, open, axe, picture, close } = await demo.tab({ theme, width });
      await open(`machines/${machine}`);
      const drawing = page.getByRole('region', { name: 'Drawing' });
      expect(await drawing.getByRole('button').allInnerTexts()).toEqual(['NEW\nbegins', 'CONTACTED\n2 days', 'DONE\nfinal', 'FORGOTTEN']);
      expect(await drawing.getByRole('img').getAttribute('aria-describedby')).toBe('machine-table');
      const row = page.getByRole('row', { name: /contact/ }).filter({ hasText: 'Somebody has called.' });
      expect(await row.first().textContent()).toMatch(/By hand.*Source.*Web Form.*none.*yes/);
      expect(await page.getByRole('row', { name: /^skip/ }).textContent()).toMatch(/noneno$/);
      expect(await axe()).toEqual([]);
      expect(await page.evaluate(isWide)).toBeLessThanOrEqual(0);
      await picture('machine');
      await drawing.getByRole('button', { name: /CONTACTED/ }).press('Enter');
      await page.waitForURL(/state=CONTACTED$/);
      expect(await drawing.getByRole('button', { name: /CONTACTED/ }).getAttribute('aria-pressed')).toBe('true');
      expect(await axe()).toEqual([]);
      await close();
    }
  });

  it('are drawn when they are huge, when they are empty, and when they are broken', async () => {
    const huge = await demo.call('POST', '/automation/machines', { name: 'Huge', definition: HUGE });
    const empty = await demo.call('POST', '/automation/machines', { name: 'Empty', definition: { for: { module: 'leads' } } });
    const broken = await demo.call('POST', '/automation/machines', {
      name: 'Broken',
      definition: { ...ONBOARDING, transitions: [{ code: 'lost', from: ['NOWHERE'], to: 'DONE', trigger: { type: 'import' } }] },
    });
    for (const [theme, width] of LOOKS) {
      const { page, open, axe, picture, close } = await demo.tab({ width, theme });
      await open(`machines/${huge.id}`);
      expect(await page.getByRole('region', { name: 'Drawing' }).getByRole('button').count()).toBe(20);
      // Wider than the page: where instances begin is seen first.
      const begins = await page.getByRole('button', { name: /^STATE_NUMBER_0 / }).boundingBox();
      expect(begins && begins.x >= 0 && begins.x + begins.width <= width).toBe(true);
      expect(await page.evaluate(isWide)).toBeLessThanOrEqual(0);
      await picture('machine-huge');
      await open(`machines/${empty.id}`);
      await page.getByText('It has no states yet').waitFor();
      expect(await axe()).toEqual([]);
      await picture('machine-empty');
      await open(`machines/${broken.id}`);
      await page.getByText('There is no state "NOWHERE"').first().waitFor();
      expect(await page.getByRole('row', { name: /lost/ }).textContent()).toContain('There is no state "NOWHERE"');
      expect(await axe()).toEqual([]);
      await picture('machine-broken');
      await close();
    }
  });

  it('are copied and deleted by menu; a delete that is refused says why', async () => {
    const { page, open, axe, picture, expectFaults } = await demo.tab();
    await open('machines?search=onboarding');
    await page.getByRole('button', { name: 'Actions of Onboarding' }).press('Enter');
    const all = ['Edit', 'Instances', 'Copy', 'Export', 'Versions', 'Delete …'];
    expect(await page.getByRole('menuitem').allInnerTexts()).toEqual(all);
    await page.getByRole('menuitem', { name: 'Copy' }).press('Enter');
    await page.getByText('“Onboarding” is copied, as a draft.').first().waitFor();
    await open('machines?search=nurturing');
    expectFaults(/status of 409/);
    await page.getByRole('button', { name: 'Actions of Lead nurturing' }).press('Enter');
    await page.getByRole('menuitem', { name: 'Delete …' }).press('Enter');
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText(/The machine has \d active instances/).waitFor();
    await picture('machine-delete');
    expect(await axe()).toEqual([]);
  });

  it('are imported from a file, which says what is wrong with it', async () => {
    const { page, open, axe, expectFaults } = await demo.tab();
    expectFaults(/status of 400/);
    await open('machines');
    await page.getByRole('button', { name: 'Import …' }).click();
    const file = (text: string): { name: string; mimeType: string; buffer: Buffer } => ({
      name: 'orders.json',
      mimeType: 'application/json',
      buffer: Buffer.from(text),
    });
    await page.getByLabel('File').setInputFiles(file('no json'));
    await page.getByRole('button', { name: 'Import as a draft' }).click();
    await page.getByText('This is no exported state machine.').waitFor();
    await page.getByLabel('File').setInputFiles(file('{}'));
    await page.getByRole('button', { name: 'Import as a draft' }).click();
    await page.getByText('invalid_request').waitFor();
    expect(await axe()).toEqual([]);
    const exported = await demo.call('GET', `/automation/machines/${machine}/export`);
    await page.getByLabel('File').setInputFiles(file(JSON.stringify({ ...exported, name: 'Imported' })));
    await page.getByRole('button', { name: 'Import as a draft' }).click();
    await page.getByRole('heading', { level: 1, name: 'Imported' }).waitFor();
  });

  it('take existing records in, after saying how many', async () => {
    const { page, open, axe, picture } = await demo.tab();
    await open(`machines/${machine}/instances`);
    await page.getByText('No instances yet').waitFor();
    expect(await axe()).toEqual([]);
    await picture('instances-empty');
    await page.getByRole('button', { name: 'Take records in …' }).click();
    await page.getByLabel('Some, by their ids').check();
    await page.getByRole('textbox', { name: 'Ids' }).fill(`${leads[0]}, nobody`);
    await page.getByText('1 of 2 records would begin.').waitFor();
    await page.getByText('no record of the CRM: nobody').waitFor();
    expect(await axe()).toEqual([]);
    await page.getByRole('textbox', { name: 'Ids' }).fill(leads.join('\n'));
    await page.getByRole('button', { name: 'Take 3 records in' }).click();
    await page.getByText('3 records taken in.').first().waitFor();
    expect(await axe()).toEqual([]);
    await page.getByRole('button', { name: 'Close', exact: true }).last().click();
    await page.getByRole('button', { name: 'NEW 3' }).waitFor();
    expect(await page.getByRole('table', { name: 'Instances' }).getByRole('row').count()).toBe(4);
  });

  it('list their instances by state, record and time, at any width and in both themes', async () => {
    for (const [theme, width] of LOOKS) {
      const { page, open, axe, picture, close } = await demo.tab({ theme, width });
      await open(`machines/${machine}/instances`);
      await page.getByRole('button', { name: 'NEW 3' }).waitFor();
      await page.getByRole('link', { name: 'lead Nora', exact: true }).waitFor();
      await page.getByRole('checkbox', { name: 'Nora' }).check();
      await page.getByText('1 chosen', { exact: true }).waitFor();
      // What has scrolled below the navigation is no target to measure.
      await page.evaluate(() => scrollTo(0, 0));
      expect(await axe()).toEqual([]);
      expect(await page.evaluate(isWide)).toBeLessThanOrEqual(0);
      await picture('instances');
      await close();
    }
    const { page, open } = await demo.tab();
    await open(`machines/${machine}/instances`);
    await page.getByRole('button', { name: 'DONE 0' }).press('Enter');
    await page.waitForURL(/state=DONE$/);
    await page.getByText('No instance is like that').waitFor();
    await page.getByRole('button', { name: 'Drop DONE' }).click();
    await page.getByLabel('In its state').selectOption('For more than 1 hour');
    await page.getByText('No instance is like that').waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Drop for more than 1 hour' }).click();
    await page.getByLabel('Id of a record').fill(leads[1] as string);
    await page.waitForURL(/record=/);
    await eventually(async () => expect(await page.getByRole('table', { name: 'Instances' }).getByRole('row').count()).toBe(2));
  });

  it('advance many instances, after saying which of them and why not the others', async () => {
    const { page, open, axe, picture } = await demo.tab();
    await open(`machines/${machine}/instances?record=${leads[1]}`);
    await page.getByRole('button', { name: 'Advance all that match …' }).click();
    await page.getByText('1 of 1 would be advanced.').waitFor();
    await page.keyboard.press('Escape');
    await open(`machines/${machine}/instances?state=NEW`);
    await page.getByRole('button', { name: 'Advance all that match …' }).click();
    await page.getByText('2 of 3 would be advanced.').waitFor();
    await page.getByText('Its conditions do not hold.').waitFor();
    expect(await axe()).toEqual([]);
    await picture('advance-many');
    await page.keyboard.press('Escape');
    await page.getByRole('checkbox', { name: 'Choose all 3 shown' }).press('Space');
    await page.getByRole('checkbox', { name: 'Pia' }).press('Space');
    await page.getByText('2 chosen', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Advance …', exact: true }).press('Enter');
    await page.getByText('2 chosen instances', { exact: true }).waitFor();
    await page.getByText('2 of 2 would be advanced.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByLabel('Which').selectOption('Overdue');
    await page.getByRole('button', { name: 'Advance all that match …' }).click();
    await page.getByText('0 of 0 would be advanced.').waitFor();
    await page.keyboard.press('Escape');
    await open(`machines/${machine}/instances?record=${leads[1]}`);
    await page.getByRole('button', { name: 'Advance all that match …' }).click();
    await page.getByLabel('Spoke to').fill('Omar');
    await page.getByRole('button', { name: 'Advance 1 instance' }).click();
    await page.getByText('1 instance advanced.').first().waitFor();
    expect(await axe()).toEqual([]);
    await page.getByRole('button', { name: 'Close', exact: true }).last().click();
    await page.getByRole('row', { name: /CONTACTED/ }).waitFor();
  });

  it('tell of one instance where it stands and why it cannot go on; it is advanced by keyboard, and its history says so', async () => {
    const instance = async (record: string): Promise<string> =>
      (await demo.call('GET', `/automation/instances?machineId=${machine}&recordId=${record}`)).items[0].id;
    const refused = await demo.tab({ theme: 'dark', width: 360 });
    await refused.open(`instances/${await instance(leads[2] as string)}`);
    await refused.page.getByText('Not now: its conditions do not hold.').waitFor();
    await refused.page.getByText('does not hold: it was Referral').waitFor();
    await refused.page.getByText('Began in NEW').waitFor();
    expect(await refused.axe()).toEqual([]);
    expect(await refused.page.evaluate(isWide)).toBeLessThanOrEqual(0);
    await refused.picture('instance');

    const { page, open, axe, picture, expectFaults } = await demo.tab();
    await open(`instances/${await instance(leads[0] as string)}`);
    expect(await page.getByRole('navigation', { name: 'Main' }).locator('[aria-current=page]').textContent()).toBe('State machines');
    await page.getByRole('button', { name: 'Advance …' }).press('Enter');
    await page.getByRole('heading', { name: 'Advance by “contact”' }).waitFor();
    expectFaults(/status of 422/);
    await page.getByRole('button', { name: 'Advance to CONTACTED' }).press('Enter');
    await page.getByRole('alert').waitFor();
    expect(await page.getByLabel('Spoke to').getAttribute('aria-invalid')).toBe('true');
    expect(await axe()).toEqual([]);
    await picture('advance');
    await page.getByLabel('Spoke to').fill('Nora');
    await page.getByLabel('Comment (optional)').fill('By phone');
    await page.getByRole('button', { name: 'Advance to CONTACTED' }).press('Enter');
    await page.getByText('It is in CONTACTED now.').first().waitFor();
    await page.getByText('“By phone”').waitFor();
    await page.getByText('Its time in this state is limited').waitFor();
    expect(await axe()).toEqual([]);
    await picture('instance');
    await page.getByRole('button', { name: 'Advance …' }).press('Enter');
    await page.getByRole('button', { name: 'Advance to DONE' }).press('Enter');
    await page.getByText('It has come to its end in DONE').waitFor();
    const { items } = await demo.call('GET', `/automation/runs?workflowId=${machine}`);
    expect(await page.getByRole('link', { name: 'Run', exact: true }).first().getAttribute('href')).toBe(`runs/${items[0].id}`);
    await page.getByRole('link', { name: 'Run', exact: true }).first().press('Enter');
    await page.getByText(`Transition ${items[0].transition.code} to ${items[0].transition.to}`).waitFor();
    expect(await page.getByRole('link', { name: items[0].transition.code }).getAttribute('href')).toMatch(/^instances\//);
    expect(await axe()).toEqual([]);
  });

  it('put an instance into another state with a reason, and delete it', async () => {
    const [{ id }] = (await demo.call('GET', `/automation/instances?machineId=${machine}&recordId=${leads[0]}`)).items;
    const { page, open, axe, picture } = await demo.tab({ width: 900 });
    await open(`instances/${id}`);
    await page.getByRole('button', { name: 'Reset …' }).press('Enter');
    await page.getByLabel('Into which state').selectOption('FORGOTTEN');
    expect(await page.getByRole('button', { name: /Reset to FORGOTTEN/ }).getAttribute('aria-disabled')).toBe('true');
    await page.getByLabel('Reason').fill('It was somebody else.');
    expect(await axe()).toEqual([]);
    await page.getByRole('button', { name: 'Reset to FORGOTTEN' }).press('Enter');
    await page.getByText('“It was somebody else.”').waitFor();
    await picture('instance-reset');
    await page.getByRole('button', { name: 'More' }).press('Enter');
    await page.getByRole('menuitem', { name: 'Delete the instance …' }).press('Enter');
    await page.getByRole('button', { name: 'Delete', exact: true }).press('Enter');
    await page.getByText('The instance is deleted.').first().waitFor();
    await page.getByRole('button', { name: 'NEW 1' }).waitFor();
  });

  it('are published with what changes, a note, and the instances that go over', async () => {
    const { revision } = await demo.call('GET', `/automation/machines/${machine}`);
    const [first, second, ...rest] = ONBOARDING.states;
    await demo.call('PATCH', `/automation/machines/${machine}`, {
      revision,
      definition: { ...ONBOARDING, states: [first, { ...second, timeout: { after: 'P5D', transition: 'forget' } }, ...rest] },
    });
    const { page, open, axe, picture } = await demo.tab();
    await open(`machines/${machine}`);
    await page.getByRole('button', { name: 'Publish …' }).press('Enter');
    await page.getByText('Timeout › After').waitFor();
    await page.getByText('2 instances on the way go on by v1, unless taken over.').waitFor();
    await page.getByLabel(/Take 2 of them over to v2/).check();
    await page.getByLabel('Note (optional)').fill('More time.');
    expect(await axe()).toEqual([]);
    await picture('machine-publish');
    await page.getByRole('button', { name: 'Publish v2 and keep enabled' }).press('Enter');
    await page.getByText('2 instances went over to v2.').first().waitFor();
    await open(`machines/${machine}/versions`);
    expect(await page.getByRole('row', { name: /v2/ }).textContent()).toContain('More time.');
    await page.getByLabel('To', { exact: true }).selectOption('v1');
    await page.getByText('Timeout › After').waitFor();
    expect(await axe()).toEqual([]);
    await picture('machine-versions');
    await page.getByRole('button', { name: 'Actions of version 1' }).press('Enter');
    expect(await page.getByRole('menuitem').allInnerTexts()).toEqual(['Compare with the draft', 'Publish this one again …', 'Export']);
    await page.getByRole('menuitem', { name: 'Publish this one again …' }).press('Enter');
    await page.getByRole('button', { name: 'Publish v3 and keep enabled' }).click();
    await page.getByText('Version 3 is published and enabled.').first().waitFor();
    await page.getByRole('button', { name: 'Take instances over to v3 …' }).click();
    await page.getByText('2 would go over.').waitFor();
    expect(await axe()).toEqual([]);
    await page.getByRole('button', { name: 'Take 2 instances over' }).press('Enter');
    await page.getByText('2 instances went over to v3.').first().waitFor();
    // On the page behind the newest ones, one of which is compared.
    await open(`machines/${machine}/versions?cursor=2&from=3&to=1`);
    await page.getByRole('row', { name: /v1/ }).waitFor();
    expect(await page.getByRole('row').count()).toBe(2);
    expect(await page.getByLabel('From', { exact: true }).locator('option:checked').textContent()).toBe('v3');
    await page.getByText('There is no difference.').waitFor();
    await page.getByRole('button', { name: 'Newest' }).press('Enter');
    await page.getByRole('row', { name: /v3/ }).waitFor();
  });

  it('are built by forms and saved as they are typed: states, transitions with conditions and steps, and published', async () => {
    const { page, open, axe, picture } = await demo.tab();
    const saved = (): Promise<void> => page.getByText(/^Saved \d/).waitFor();
    await open('machines');
    await page.getByRole('button', { name: 'New state machine' }).press('Enter');
    await page.getByRole('textbox', { name: 'Name' }).fill('Warranty');
    await page.getByLabel('Follows').selectOption('Opportunities');
    expect(await axe()).toEqual([]);
    await page.getByRole('button', { name: 'Make it' }).press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Warranty' }).waitFor();
    // Not on the button of a page that is gone.
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
    await page.getByRole('button', { name: 'Add state' }).press('Enter');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-path'))).toBe('states[2].code');
    await page.getByLabel('Code').fill('DONE');
    await page.getByText('Another one is called “DONE”.').waitFor();
    await page.keyboard.press('Control+s');
    await page.getByText('Not all of it is saved').first().waitFor();
    await page.getByLabel('Code').fill('CLAIMED');
    await page.getByLabel('Description (optional)').fill('Somebody claims it.');
    await saved();
    expect(await axe()).toEqual([]);
    await picture('machine-state');
    await page.getByRole('button', { name: 'Transition out of it' }).press('Enter');
    await page.getByRole('heading', { name: /transition_2/ }).waitFor();
    await page.getByLabel('Code').fill('settle');
    // Without leaving the field.
    await page.keyboard.press('Control+s');
    await page.getByRole('heading', { name: /settle/ }).waitFor();
    await page.getByLabel('To', { exact: true }).selectOption('DONE');
    await page
      .getByRole('radio', { name: 'Record event' })
      .or(page.getByRole('radio', { name: /event/i }))
      .first()
      .check();
    await page.getByLabel('Event', { exact: true }).selectOption('Closed won');
    await page.getByRole('button', { name: 'Add condition' }).click();
    await page.getByRole('combobox', { name: 'Field' }).fill('Amount');
    await page.keyboard.press('Enter');
    await page.getByLabel('Operator').selectOption('greater_than');
    await page.getByLabel('Value', { exact: true }).fill('100');
    await saved();
    expect(await axe()).toEqual([]);
    await picture('machine-transition');
    await page
      .getByRole('button', { name: /^Add (a|the first) step|^Add step/ })
      .first()
      .click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /Add note/ })
      .click();
    await page.getByLabel('Body').fill('Settled.');
    await saved();
    const [{ id }] = (await demo.call('GET', '/automation/machines?search=warranty')).items;
    const narrow = await demo.tab({ theme: 'dark', width: 360 });
    await narrow.open(`machines/${id}?transition=settle`);
    await narrow.page.getByRole('heading', { name: /^settle/ }).waitFor();
    expect(await narrow.axe()).toEqual([]);
    expect(await narrow.page.evaluate(isWide)).toBeLessThanOrEqual(0);
    await narrow.picture('machine-transition');
    await page.getByRole('button', { name: 'All states and transitions' }).press('Enter');
    expect(await page.getByRole('row', { name: /^settle/ }).textContent()).toMatch(/DONE.*Closed won.*Amount.*100.*Settled/);
    await page.getByRole('button', { name: 'Undo (Ctrl+Z)' }).click();
    await page.getByRole('button', { name: 'Redo (Ctrl+Shift+Z)' }).click();
    await page.getByRole('button', { name: 'Publish …' }).press('Enter');
    await page.getByText('It is published for the first time.').waitFor();
    await page.getByRole('button', { name: 'Publish v1 and enable' }).press('Enter');
    await page.getByText('Version 1 is published and enabled.').first().waitFor();
    const { definition } = await demo.call('GET', `/automation/machines/${id}`);
    expect(definition.transitions[1]).toMatchObject({
      code: 'settle',
      from: ['CLAIMED'],
      to: 'DONE',
      conditions: { all: [{ field: 'amount', operator: 'greater_than', value: 100 }] },
      steps: [{ type: 'add_note', with: { body: 'Settled.' } }],
    });
  });

  it('are edited as JSON, too: where it is wrong is said, and it is one edit that can be undone', async () => {
    const { id } = await demo.call('POST', '/automation/machines', { name: 'As JSON', definition: ONBOARDING });
    const { page, open, axe, picture } = await demo.tab();
    await open(`machines/${id}`);
    await page.getByText('As JSON', { exact: true }).last().click();
    const text = page.getByLabel('Definition');
    await text.fill('{\n  "states": [],\n}');
    await page.getByText('Line 3, column 1: A name in double quotes is expected here, not }.').waitFor();
    expect(await axe()).toEqual([]);
    await picture('machine-json');
    await text.fill(JSON.stringify({ ...ONBOARDING, states: [...ONBOARDING.states, { code: 'LATER' }] }));
    await page.keyboard.press('Control+s');
    const drawn = page.getByRole('region', { name: 'Drawing' }).getByRole('button', { name: 'LATER' });
    await drawn.waitFor();
    await page.getByRole('button', { name: 'Undo (Ctrl+Z)' }).click();
    await drawn.waitFor({ state: 'detached' });
  });

  it('ask transitions in another order by keys, and keep the focus where it is', async () => {
    const { id } = await demo.call('POST', '/automation/machines', { name: 'Reordered', definition: ONBOARDING });
    const { page, open } = await demo.tab();
    await open(`machines/${id}?transition=skip`);
    await page.getByRole('button', { name: 'Earlier' }).focus();
    for (let index = 0; index < 2; index += 1) await page.keyboard.press('Enter');
    await page.getByText('Asked as number 2 of 4', { exact: true }).waitFor();
    await page.getByText(/^Saved \d/).waitFor();
    const { definition } = await demo.call('GET', `/automation/machines/${id}`);
    expect(definition.transitions.map(({ code }: { code: string }) => code)).toEqual(['contact', 'skip', 'finish', 'forget']);
  });

  it('ask who counts when two have edited one draft', async () => {
    const { id } = await demo.call('POST', '/automation/machines', { name: 'Shared', definition: ONBOARDING });
    const { page, open, axe, expectFaults } = await demo.tab();
    expectFaults(/status of 409/);
    await open(`machines/${id}?state=NEW`);
    await page.getByLabel('Description (optional)').waitFor();
    const [first, ...rest] = ONBOARDING.states;
    await demo.call('PATCH', `/automation/machines/${id}`, {
      revision: 1,
      definition: { ...ONBOARDING, states: [first, ...rest, { code: 'THEIRS' }] },
    });
    await page.getByLabel('Description (optional)').fill('Mine.');
    await page.getByRole('heading', { name: /has saved meanwhile/ }).waitFor();
    expect(await axe()).toEqual([]);
    await page.getByRole('button', { name: 'Put mine on top' }).press('Enter');
    await page.getByText(/^Saved \d/).waitFor();
    const { definition } = await demo.call('GET', `/automation/machines/${id}`);
    expect(definition.states.map(({ code }: { code: string }) => code)).toEqual(['NEW', 'CONTACTED', 'DONE', 'FORGOTTEN', 'THEIRS']);
    expect(definition.states[0].description).toBe('Mine.');
  });

  it('offer to each what they may do', async () => {
    const { page, open, axe, expectFaults } = await demo.tab({ token: 'demo-member' });
    expectFaults(/status of 404/);
    await open('machines');
    expect(await page.getByRole('switch', { name: 'Onboarding: enabled' }).getAttribute('aria-disabled')).toBe('true');
    expect(await page.getByRole('button', { name: 'Import …' }).count()).toBe(0);
    await open(`machines/${machine}`);
    expect(await page.getByRole('button', { name: 'Publish …' }).count()).toBe(0);
    await open('machines/none');
    await page.getByText('There is no state machine of this id').waitFor();
    expect(await axe()).toEqual([]);
  });
});
