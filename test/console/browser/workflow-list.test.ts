import { expect, it } from '@jest/globals';
import { describeConsole } from '../support/console-demo.js';

describeConsole('the frame and the list of workflows', (demo) => {
  it('signs in by the link and forgets the token in the address', async () => {
    const { page, open } = await demo.tab();
    await open('');
    expect(page.url()).toBe(`${demo.api}/console`);
    expect(await page.title()).toBe('Start · Automation');
    expect(await page.getByRole('button', { name: /Ines Alvarez/ }).isVisible()).toBe(true);
  });

  it('begins with what needs somebody now, in both themes', async () => {
    for (const [theme, width] of [
      ['light', 1440],
      ['dark', 360],
    ] as const) {
      const { page, open, axe, picture, close } = await demo.tab({ theme, width });
      await open('');
      await page.getByText('No run has failed for a day.').waitFor();
      await page.getByText('Nobody asks you anything.').waitFor();
      await page.getByText('Welcome web leads').first().waitFor();
      expect(await axe()).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      await picture('start');
      await close();
    }
  });

  it('can be read without colours of its own, and at 400 % zoom', async () => {
    const { page, open, axe, picture } = await demo.tab({ width: 320, height: 256, forcedColors: true });
    await open('workflows');
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    expect(await axe()).toEqual([]);
    await picture('forced');
  });

  it('asks who one is where nobody is known, and says when a token is not', async () => {
    const { page, open, axe, picture, expectFaults } = await demo.tab({ token: null });
    expectFaults(/status of 401/);
    await open('workflows');
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Sign in');
    expect(await axe()).toEqual([]);
    await picture('sign-in');
    await page.getByLabel('Bearer token').fill('nobody');
    await page.getByRole('button', { name: 'Use this token' }).click();
    await page.getByText('does not know this token').waitFor();
    await page.getByLabel('Bearer token').fill('demo-support');
    await page.getByRole('button', { name: 'Use this token' }).click();
    await page.getByRole('heading', { name: 'Workflows' }).waitFor();
  });

  it('tells of each workflow what starts it and how it goes, in both themes and at any width', async () => {
    for (const theme of ['light', 'dark'] as const) {
      for (const width of [360, 900, 1440]) {
        const { page, open, axe, picture, close } = await demo.tab({ theme, width });
        await open('workflows');
        expect(await page.getByRole('row', { name: /Welcome web leads/ }).textContent()).toContain('Leads: Created');
        expect(await axe()).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
        await picture('workflows');
        await close();
      }
    }
  });

  it('switches a workflow off and on by keyboard, and takes it back', async () => {
    const { page, open, axe } = await demo.tab();
    await open('workflows');
    const toggle = page.getByRole('switch', { name: 'Welcome web leads: active' });
    await toggle.focus();
    await page.keyboard.press('Space');
    await page.getByText('“Welcome web leads” is paused.').first().waitFor();
    expect(await toggle.getAttribute('aria-checked')).toBe('false');
    expect(await axe()).toEqual([]);
    const [paused] = (await demo.call('GET', '/automation/workflows?search=welcome-web')).items;
    expect(paused).toMatchObject({ status: 'paused', pausedBy: { name: 'Ines Alvarez' } });
    await page.getByRole('button', { name: 'Undo' }).press('Enter');
    await page.getByText('“Welcome web leads” is active.').first().waitFor();
    expect(await toggle.getAttribute('aria-checked')).toBe('true');
  });

  it('keeps its filters in the address, through reload and back, and says which of them leave nothing', async () => {
    const { page, open, axe } = await demo.tab();
    await open('workflows');
    await page.keyboard.press('/');
    await page.keyboard.type('welcome');
    await page.waitForURL(/search=welcome/);
    await page.getByLabel('Status').selectOption('paused');
    await page.getByText('No workflow is like that').waitFor();
    expect(await axe()).toEqual([]);
    await page.reload();
    await page.getByRole('button', { name: 'Drop Paused' }).click();
    await page.getByRole('row', { name: /Welcome web leads/ }).waitFor();
    expect(page.url()).toBe(`${demo.api}/console/workflows?search=welcome`);
  });

  it('lets its menu be used by keyboard, and offers what the reader may do', async () => {
    const { page, open, axe } = await demo.tab();
    await open('workflows?search=welcome');
    const button = page.getByRole('button', { name: 'Actions of Welcome web leads' });
    await button.press('Enter');
    expect(await page.getByRole('menuitem').allInnerTexts()).toEqual(['Edit', 'Runs', 'Copy', 'Export', 'Versions', 'Archive', 'Delete …']);
    expect(await axe()).toEqual([]);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Delete “Welcome web leads”?' }).waitFor();
    expect(await axe()).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await button.evaluate((element) => element === document.activeElement)).toBe(true);

    const member = await demo.tab({ token: 'demo-member' });
    await member.open('workflows?search=welcome');
    await member.page.getByRole('button', { name: 'Actions of Welcome web leads' }).click();
    expect(await member.page.getByRole('menuitem').allInnerTexts()).toEqual(['Open', 'Runs', 'Export', 'Versions']);
    expect(await member.page.getByRole('switch').getAttribute('aria-disabled')).toBe('true');
  });

  it('does what a dialog asks about once, keeps it while that does not work, and says so elsewhere when it was closed', async () => {
    const { page, open, axe, expectFaults } = await demo.tab();
    expectFaults(/status of 409/);
    await open('workflows?search=welcome');
    const refused = { statusCode: 409, code: 'runs_unfinished', message: 'Runs are under way.', hint: 'Wait for them.' };
    const asked: (() => Promise<void>)[] = [];
    await page.route('**/automation/workflows/*', (route) =>
      route.request().method() === 'DELETE'
        ? void asked.push(() => route.fulfill({ status: 409, contentType: 'application/json', body: JSON.stringify(refused) }))
        : route.continue(),
    );
    const askAbout = async (): Promise<void> => {
      await page.getByRole('button', { name: 'Actions of Welcome web leads' }).press('ArrowUp');
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').waitFor();
    };
    const remove = page.getByRole('button', { name: 'Delete', exact: true });
    await askAbout();
    await remove.press('Enter');
    await page.locator('[aria-busy=true]').waitFor();
    await remove.press('Enter');
    expect(asked.length).toBe(1);
    await asked[0]?.();
    await page.getByRole('dialog').getByRole('alert').getByText('Wait for them.').waitFor();
    expect(await axe()).toEqual([]);
    await remove.press('Enter');
    await page.locator('[aria-busy=true]').waitFor();
    await page.getByRole('button', { name: 'Keep it' }).press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await asked[1]?.();
    await page.getByRole('region', { name: 'Messages' }).getByText('Runs are under way. Wait for them.').waitFor();
  });

  it('sorts by each of its columns, both ways, and says so', async () => {
    const { page, open, axe } = await demo.tab();
    await open('workflows');
    for (const name of ['Starts', 'Status', 'Runs', 'Failed in 7 days', 'Success', 'Last run', 'Name']) {
      const heading = page.getByRole('columnheader', { name });
      await heading.getByRole('button').press('Enter');
      await page.locator(`th[aria-sort]:has-text("${name}")`).waitFor();
      const first = await heading.getAttribute('aria-sort');
      await heading.getByRole('button').press('Enter');
      await page.locator(`th[aria-sort="${first === 'ascending' ? 'descending' : 'ascending'}"]:has-text("${name}")`).waitFor();
    }
    expect(await page.locator('th[aria-sort]').count()).toBe(1);
    expect(await axe()).toEqual([]);
  });

  it('imports what was exported as a draft, says what is wrong with a file, and publishes the draft from the list', async () => {
    const [{ id }] = (await demo.call('GET', '/automation/workflows?search=welcome-web')).items;
    const file = { ...(await demo.call('GET', `/automation/workflows/${id}/export`)), name: 'Taken over', code: 'taken-over' };
    const { page, open, axe, picture, expectFaults } = await demo.tab();
    expectFaults(/status of 400/);
    await open('workflows');
    await page.getByRole('button', { name: 'Import' }).press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Import a workflow' });
    await dialog.getByLabel('Its text').fill('{"format":"other"}');
    await dialog.getByRole('button', { name: 'Import as a draft' }).press('Enter');
    await dialog.getByText('invalid_request').waitFor();
    expect(await axe()).toEqual([]);
    await picture('workflow-import');
    await dialog
      .getByLabel('File')
      .setInputFiles({ name: 'a.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(file)) });
    await dialog.getByRole('button', { name: 'Import as a draft' }).press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Taken over' }).waitFor();

    await open('workflows?search=taken');
    await page.getByRole('button', { name: 'Publish “Taken over” …' }).press('Enter');
    await page.getByText('It is published for the first time.').waitFor();
    expect(await axe()).toEqual([]);
    await page.getByRole('button', { name: 'Publish v1, stay paused' }).press('Enter');
    await page.getByRole('switch', { name: 'Taken over: active' }).waitFor();
  });

  it('says that an address leads nowhere', async () => {
    const { page, open, axe } = await demo.tab();
    await open('nothing/here/at');
    expect(await page.getByRole('main').textContent()).toContain('There is no such page');
    expect(await axe()).toEqual([]);
  });
});
