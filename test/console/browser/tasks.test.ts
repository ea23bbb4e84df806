import { beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { describeConsole } from '../support/console-demo.js';

const ASKED = ['u-9', 'u-1'];
const STEPS = [
  {
    id: 'ask',
    type: 'approval',
    name: 'Discount approval',
    message: 'Is a discount of 20 % fine for {{record.name}}?',
    assignees: ASKED,
    dueIn: 'P2D',
    show: ['amount', 'stage'],
    reasonRequired: true,
  },
  {
    id: 'plan',
    type: 'form',
    name: 'Plan the kick-off',
    message: 'When does {{record.name}} begin?',
    assignees: ASKED,
    fields: [
      { name: 'kickOffOn', label: 'Kick-off on', type: 'date', required: true },
      { name: 'seats', label: 'Seats', type: 'number', required: true },
      { name: 'plan', label: 'Plan', type: 'choice', options: ['Basic', 'Pro'], required: true },
    ],
  },
];

describeConsole('tasks', (demo) => {
  beforeAll(async () => {
    const definition = { trigger: { type: 'event', module: 'opportunities', event: 'created' }, steps: STEPS };
    const { id } = await demo.call('POST', '/automation/workflows', { name: 'Large discounts', definition });
    await demo.call('POST', `/automation/workflows/${id}/publish`);
    await demo.call('POST', '/crm/opportunities', { name: 'Website relaunch', amount: 48000, stage: 'Qualification' });
    await eventually(async () => expect((await demo.call('GET', '/automation/tasks')).items).toHaveLength(1));
  });

  it('are approved at 360 px by a member, and who comes second hears of it', async () => {
    const late = await demo.tab({ width: 1440 });
    await late.open('tasks');
    await late.page.getByRole('link', { name: 'Discount approval' }).click();
    await late.page.getByRole('button', { name: 'Reject …' }).click();
    expect(await late.axe()).toEqual([]);
    await late.page.getByLabel('Reason').fill('Too much');

    const { page, open, axe, picture } = await demo.tab({ token: 'demo-member', width: 360 });
    await open('tasks');
    expect(await axe()).toEqual([]);
    await picture('tasks');
    await page.getByRole('link', { name: 'Discount approval' }).press('Enter');
    await page.getByText('Is a discount of 20 % fine for Website relaunch?').waitFor();
    expect(await axe()).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    await picture('task');
    await page.getByRole('button', { name: 'Approve …' }).press('Enter');
    await page.getByRole('button', { name: 'Approve', exact: true }).press('Enter');
    await page.getByText('Ada Lindqvist approved it just now.').waitFor();
    expect(await axe()).toEqual([]);

    late.expectFaults(/status of 409/);
    await late.page.getByRole('button', { name: 'Reject', exact: true }).click();
    await late.page.getByText(/Ada Lindqvist approved it (just now|\d+ s ago)\./).waitFor();
    // What is due next opens when it is asked for.
    await late.page.getByRole('link', { name: 'Next: Plan the kick-off' }).press('Enter');
    await late.page.getByRole('heading', { level: 1, name: 'Plan the kick-off' }).waitFor();
    await late.page.getByText('Discount approval: Ada Lindqvist approved it').waitFor();
    expect(await late.axe()).toEqual([]);
    await late.picture('task-collected');
  });

  it('are talked about, put off, and given to somebody else, by who may', async () => {
    await eventually(async () => expect((await demo.call('GET', '/automation/tasks')).items).toHaveLength(1));
    const { page, open, axe, picture } = await demo.tab({ width: 360, height: 740 });
    await open('tasks');
    await page.getByRole('link', { name: 'Plan the kick-off' }).click();
    await page.getByLabel('Seats').fill('7');
    await page.getByLabel('Say something about it').fill('The customer asked for May.');
    await page.getByRole('button', { name: 'Comment', exact: true }).press('Enter');
    await page.getByText('Ines Alvarez: The customer asked for May.').waitFor();
    expect(await page.getByLabel('Seats').inputValue()).toBe('7');
    await page.getByRole('button', { name: 'Save for later' }).press('Enter');
    await page.waitForURL(/\/tasks$/);
    // Later: the tab is another one, the browser is the same.
    await page.evaluate(() => {
      for (const key of Object.keys(sessionStorage).filter((one) => one.startsWith('automation-task '))) sessionStorage.removeItem(key);
    });
    await page.reload();
    await page.getByRole('link', { name: 'Plan the kick-off' }).click();
    await page.getByText('This is what you saved for later.').waitFor();
    expect(await page.getByLabel('Seats').inputValue()).toBe('7');
    await page.getByRole('button', { name: 'Reassign …' }).press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Ask somebody else' });
    await dialog.getByLabel('Search: Person').fill('Ada');
    await dialog.getByLabel('Person', { exact: true }).selectOption({ label: 'Ada Lindqvist' });
    expect(await axe()).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    await picture('task-reassign');
    await dialog.getByRole('button', { name: 'Reassign', exact: true }).press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('Ines Alvarez reassigned it').waitFor();
    await page.getByText('Others are asked, not you.').waitFor();
    expect(await axe()).toEqual([]);
    const [task] = (await demo.call('GET', '/automation/tasks')).items;
    await demo.call('POST', `/automation/tasks/${task.id}/reassign`, { userId: 'u-9' });
  });

  it('are filled in, keep what was typed through a reload, and say what is wrong where it is', async () => {
    await eventually(async () => expect((await demo.call('GET', '/automation/tasks')).items).toHaveLength(1));
    const { page, open, axe, picture, expectFaults } = await demo.tab({ theme: 'dark', width: 900 });
    expectFaults(/status of 4(00|22)/);
    await open('tasks');
    await page.getByRole('link', { name: 'Plan the kick-off' }).click();
    await page.getByLabel('Seats').fill('a few');
    await page.getByRole('button', { name: 'Submit' }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.getByLabel('Kick-off on').getAttribute('aria-invalid')).toBe('true');
    expect(await axe()).toEqual([]);
    await picture('form');
    await page.getByLabel('Kick-off on').fill('2030-01-31');
    await page.getByLabel('Plan').selectOption('Pro');
    await page.reload();
    expect(await page.getByLabel('Kick-off on').inputValue()).toBe('2030-01-31');
    await page.getByLabel('Seats').fill('12');
    await page.getByRole('button', { name: 'Submit' }).press('Enter');
    await page.getByText('Ines Alvarez answered it just now.').waitFor();
    const [run] = (await demo.call('GET', '/automation/runs?limit=5')).items;
    await eventually(async () =>
      expect((await demo.call('GET', `/automation/runs/${run.id}`)).data.plan.values).toEqual({
        kickOffOn: '2030-01-31',
        seats: 12,
        plan: 'Pro',
      }),
    );
    await open('tasks');
    await page.getByText('Nothing to do').waitFor();
    expect(await axe()).toEqual([]);
  });
});
