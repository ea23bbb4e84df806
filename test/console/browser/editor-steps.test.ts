import { expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { JsonObject } from '../../../src/core/json.js';
import { eventually } from '../../support/eventually.js';
import { type ConsoleDemo, describeConsole } from '../support/console-demo.js';
import { mainThreadWork } from '../support/main-thread.js';

const note = (id: string): JsonObject => ({ id, type: 'add_note', with: { body: `Note ${id}` } });
const branch = (id: string, ways: JsonObject[][]): JsonObject => ({
  id,
  type: 'branch',
  branches: ways.map((steps, index) => ({
    name: `way_${index + 1}`,
    when: { all: [{ field: 'amount', operator: 'greater_than', value: 100 }] },
    steps,
  })),
});
const TRIGGER = { type: 'event', module: 'leads', event: 'created' };

/** 500 steps: more than a version may have at once, and yet a draft that somebody edits. Twenty of 25, on three levels. */
const MANY: JsonObject[] = Array.from({ length: 20 }, (_, outer) =>
  branch(
    `outer_${outer}`,
    Array.from({ length: 4 }, (_way, way) => [
      branch(
        `inner_${outer}_${way}`,
        Array.from({ length: 2 }, (_lane, lane) => [note(`a_${outer}_${way}_${lane}`), note(`b_${outer}_${way}_${lane}`)]),
      ),
      note(`c_${outer}_${way}`),
    ]),
  ),
);

/** As many, on one level. */
const FLAT: JsonObject[] = Array.from({ length: 500 }, (_, index) => note(`n${index}`));

const focused = (page: Page): Promise<string | null> => page.evaluate(() => document.activeElement?.getAttribute('data-step') ?? null);
const press = async (page: Page, ...keys: string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key);
};
const saved = (page: Page): Promise<void> => page.getByText(/^Saved \d/).waitFor();
const percentile = (times: readonly number[], share: number): number =>
  Math.round([...times].sort((one, other) => one - other)[Math.floor(share * (times.length - 1))] as number);

describeConsole('the steps in the editor', (demo) => {
  const create = (name: string, steps: JsonObject[]): ReturnType<ConsoleDemo['call']> =>
    demo.call('POST', '/automation/workflows', { name, definition: { trigger: TRIGGER, steps } });

  it('have an outline from twelve on: to find one, to see what is wrong, and to get there by keys', async () => {
    const steps = [
      ...Array.from({ length: 10 }, (_, index) => note(`n${index}`)),
      branch('size', [[note('deep'), { id: 'bad', name: 'Without words', type: 'add_note', with: { body: 5 } }]]),
    ];
    const { id } = await create('Outlined', steps);
    for (const [theme, width] of [
      ['dark', 360],
      ['light', 900],
      ['light', 1440],
    ] as const) {
      const { page, open, axe, picture, close } = await demo.tab({ theme, width });
      await open(`workflows/${id}${width === 1440 ? '?step=deep' : ''}`);
      const tree = page.getByRole('tree', { name: 'Steps' });
      // Where there is no room beside the steps it is folded above them.
      if (width !== 1440) await page.locator('.editor-outline > summary').click();
      await tree.waitFor();
      expect(await axe()).toEqual([]);
      await picture('editor-outline');
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      if (width !== 1440) {
        await close();
        continue;
      }
      expect(await tree.getByRole('treeitem', { selected: true }).textContent()).toContain('11a1');
      expect(await tree.getByRole('treeitem').last().textContent()).toContain('1 problem');
      expect(await page.getByRole('navigation', { name: 'Where the chosen step is' }).textContent()).toMatch(/^11 .*way_1.*11a1 /);
      await page.locator('[data-step="steps[0]"]').focus();
      await press(page, '/');
      await page.keyboard.type('without');
      await tree.getByText('Without words').waitFor();
      expect(await tree.getByRole('treeitem').allTextContents()).toEqual([
        expect.stringContaining('11'),
        expect.stringContaining('way_1'),
        expect.stringContaining('11a2 Without words'),
      ]);
      expect(await axe()).toEqual([]);
      await press(page, 'Enter');
      expect(await focused(page)).toBe('steps[10].branches[0].steps[1]');
      // By arrows alone: from the field into the tree, out of the branch, folded, and to the last one.
      await press(page, '/', 'Control+a', 'Delete', 'ArrowDown', 'End', 'ArrowLeft', 'ArrowLeft');
      expect(await page.evaluate(() => document.activeElement?.getAttribute('data-outline'))).toBe('steps[10].branches[0].steps');
      await press(page, 'ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'Enter');
      expect(await focused(page)).toBe('steps[10]');
    }
  });

  it('are done with by the keys that the editor tells, each of them', async () => {
    const { id } = await create('By keys', [note('one'), branch('two', [[note('inside')]]), note('three')]);
    const { id: other } = await demo.call('POST', '/automation/workflows', { name: 'Empty', definition: { trigger: TRIGGER, steps: [] } });
    const { page, open, axe } = await demo.tab();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await open(`workflows/${id}`);
    await page.locator('[data-step="steps[0]"]').focus();
    await press(page, '?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    expect(await axe()).toEqual([]);
    await press(page, 'Escape');
    const way: (string | null)[] = [];
    for (const key of ['ArrowDown', 'ArrowRight', 'ArrowLeft', 'End', 'ArrowUp', 'Home']) {
      await press(page, key);
      way.push(await focused(page));
    }
    const INSIDE = 'steps[1].branches[0].steps[0]';
    expect(way).toEqual(['steps[1]', INSIDE, 'steps[1]', 'steps[2]', INSIDE, 'steps[0]']);
    // To the form and back.
    await press(page, 'Enter');
    expect(await page.evaluate(() => document.activeElement?.closest('aside') !== null)).toBe(true);
    await press(page, 'Escape');
    expect(await focused(page)).toBe('steps[0]');
    // Into the step below, out of it again, and a copy.
    await press(page, 'End', 'Alt+ArrowRight');
    expect(await focused(page)).toBe('steps[1].branches[0].steps[1]');
    await press(page, 'Alt+ArrowLeft');
    expect(await focused(page)).toBe('steps[2]');
    await press(page, 'Control+d');
    expect(await focused(page)).toBe('steps[3]');
    // Cut, and put before the first by way of the second.
    await press(page, 'Control+x');
    await page.getByText('is deleted.').first().waitFor();
    await press(page, 'Home', 'Control+v');
    await page.locator('[data-step="steps[3]"]').waitFor();
    expect(await focused(page)).toBe('steps[1]');
    await press(page, 'Shift+A');
    await page.getByRole('dialog', { name: 'Add a step' }).waitFor();
    await page.keyboard.type('delay');
    await press(page, 'Enter');
    await page.getByRole('heading', { name: '2 Delay' }).waitFor();
    await press(page, 'Escape', 'Delete', 'Control+s');
    await saved(page);
    const ids = ({ definition }: { definition: { steps: { id: string }[] } }): string[] => definition.steps.map((step) => step.id);
    expect(ids(await demo.call('GET', `/automation/workflows/${id}`))).toEqual(['one', 'three_2', 'two', 'three']);
    // Copied into another workflow, which has none yet, with what is inside.
    await page.locator('[data-step="steps[2]"]').focus();
    await press(page, 'Control+c');
    // It is written while one goes on: a page that is left at once takes what is not there yet along.
    await page.waitForFunction(async () => (await navigator.clipboard.readText()).includes('"branches"'));
    await open(`workflows/${other}`);
    await page.getByRole('button', { name: /Add a step/ }).focus();
    await press(page, 'Control+v');
    await page.locator('[data-step="steps[0].branches[0].steps[0]"]').waitFor();
    await press(page, 'Control+z', 'Control+Shift+z', 'Control+s');
    await saved(page);
    expect(await demo.call('GET', `/automation/workflows/${other}`)).toMatchObject({
      definition: { steps: [{ id: 'two', branches: [{ steps: [{ id: 'inside' }] }] }] },
    });
  });

  it.each([
    ['in branches', MANY, 20 + 20 * 4 * 2, ['steps[0].branches[3].steps[1]', 'steps[19].branches[3].steps[1]']],
    ['one after the other', FLAT, 500, ['steps[24]', 'steps[499]']],
  ])('are shown by the hundred at once, %s, and answer keys, clicks and letters', async (shape, steps, cards, [at24, last]) => {
    const name = `Long, ${shape}`;
    const { id } = await create(name, steps);
    const { page, open, axe } = await demo.tab();
    await open(`workflows/${id}`);
    // What is in sight is there at once, the rest when the page has nothing else to do. Of branches it is the first two levels:
    // what is below is folded, and says what it holds.
    await eventually(async () => expect(await page.locator('[data-step]').count()).toBe(cards));
    await eventually(async () => expect(await page.locator('.flow-later').count()).toBe(0));
    expect(await page.locator('.part-flow .part-sentence').textContent()).toBe('500 steps');
    expect(await page.getByText('2 steps', { exact: true }).count()).toBe(shape === 'in branches' ? 160 : 0);
    expect(await axe()).toEqual([]);
    const busy = await mainThreadWork(page);
    const timesOf = async (count: number, act: (index: number) => Promise<unknown>): Promise<number[]> => {
      const times: number[] = [];
      for (let index = 0; index < count; index += 1) {
        const before = await busy();
        await act(index);
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
        times.push((await busy()) - before);
      }
      return times;
    };
    const clicks = await timesOf(8, (index) =>
      page.evaluate((at) => document.querySelector<HTMLElement>(at)?.click(), `[data-step="steps[${index}]"]`),
    );
    await page.locator('[data-step="steps[0]"]').focus();
    const keys = await timesOf(24, () => page.keyboard.press('ArrowDown'));
    expect(await focused(page)).toBe(at24);
    const enters = await timesOf(8, (index) => page.keyboard.press(index % 2 === 0 ? 'Enter' : 'Escape'));
    expect(await focused(page)).toBe(at24);
    await press(page, 'Enter');
    await page.getByLabel('Body', { exact: true }).focus();
    const letters = await timesOf(10, () => page.keyboard.press('x'));
    await saved(page);
    // From the list, by the page's own means: what asks from outside would count as its work.
    const opened: number[] = [];
    for (let index = 0; index < 3; index += 1) {
      await page.getByRole('link', { name: 'Workflows', exact: true }).first().click();
      await page.getByRole('link', { name, exact: true }).waitFor();
      const shown = (): Promise<void> =>
        page.evaluate(
          (to) =>
            new Promise<void>((done) => {
              new MutationObserver((_, observer) => {
                if (document.querySelector('[data-step="steps[2]"]') === null) return;
                observer.disconnect();
                done();
              }).observe(document.body, { childList: true, subtree: true });
              [...document.links].find(({ textContent }) => textContent === to)?.click();
            }),
          name,
        );
      opened.push(...(await timesOf(1, shown)));
      // The keys go everywhere, whatever is drawn by then.
      await page.locator('[data-step="steps[0]"]').focus();
      await press(page, 'End');
      expect(await focused(page)).toBe(last);
    }
    const told = (times: readonly number[]): string => `${percentile(times, 0.5)} ms (p50), ${percentile(times, 0.95)} ms (p95)`;
    process.stdout.write(
      `console, 500 steps ${shape}: shown in ${told(opened)}; a click ${told(clicks)}, an arrow ${told(keys)}, ` +
        `Enter and Escape ${told(enters)}, a letter ${told(letters)}\n`,
    );
    // Ten times what it may take: as a guard against what grows with the square of the steps.
    for (const times of [clicks, keys, enters, letters]) expect(percentile(times, 0.95)).toBeLessThan(500);
    expect(percentile(opened, 0.5)).toBeLessThan(1_000);
  });

  it('are there where a link leads to, before all the others are', async () => {
    const { id } = await create('Long, by a link', FLAT);
    const { page, open } = await demo.tab();
    await open(`workflows/${id}?step=n499`);
    const card = page.locator('[data-step="steps[499]"]');
    expect(await card.getAttribute('aria-current')).toBe('step');
    expect(await page.getByRole('treeitem', { selected: true }).textContent()).toContain('500');
    await eventually(async () => expect(await page.locator('.flow-later').count()).toBe(0));
    // One menu for all of them.
    await page.getByRole('button', { name: 'Actions of step 500, Add note · Note n499' }).press('Enter');
    await page.getByRole('menuitem', { name: /^Move up/ }).press('Enter');
    await eventually(async () => expect(await focused(page)).toBe('steps[498]'));
    await saved(page);
  });
});
