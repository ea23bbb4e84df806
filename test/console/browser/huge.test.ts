import { beforeAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually } from '../../support/eventually.js';
import { describeConsole } from '../support/console-demo.js';
import { mainThreadWork } from '../support/main-thread.js';

const RUNS = 100_000;
const LINES = 20_000;

// As the engine writes them: ids grow with time. Every tenth failed, every seventh of the others was skipped. Those that failed
// repeat the first run, so that they have an event that they can be retried with.
const MANY_RUNS = `
  INSERT INTO automation.runs (workspace_id, id, workflow_id, version_id, version, module, record_id, status, reason, error, actor,
                               created_at, started_at, finished_at, event_id, retry_of)
  SELECT w.workspace_id, (lpad(to_hex((extract(epoch FROM made.at) * 1000)::bigint), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
         w.id, w.published_version_id, w.published_version, 'leads', (n % 5000)::text, made.status,
         CASE made.status WHEN 'failed' THEN 'smtp_unreachable' WHEN 'skipped' THEN 'conditions' END,
         CASE made.status WHEN 'failed' THEN '{"code":"smtp_unreachable","step":"welcome","message":"The mail server did not answer."}'::jsonb END,
         '{"type":"user","id":"u-9","name":"Ines Alvarez"}', made.at, made.at, made.at + interval '2 seconds',
         CASE made.status WHEN 'failed' THEN first.event_id END, CASE made.status WHEN 'failed' THEN first.id END
    FROM automation.workflows w JOIN automation.runs first ON first.id = $2, generate_series(1, $1::int) n,
         LATERAL (SELECT now() - $3::interval + n * interval '10 seconds' AS at,
                         CASE WHEN n % 10 = 0 THEN 'failed' WHEN n % 7 = 0 THEN 'skipped' ELSE 'succeeded' END AS status) made
   WHERE w.workspace_id = 'acme' AND w.code = 'welcome-web-leads'`;

const HUGE_OUTPUT = `
  UPDATE automation.step_executions
     SET output = jsonb_build_object('messageId', '<1@crm.test>', 'lines',
                    (SELECT jsonb_agg('line ' || n || CASE WHEN n = 15000 THEN ' needle' ELSE '' END ORDER BY n) FROM generate_series(1, $1::int) n))
   WHERE path = 'welcome'`;

/**
 * How long each took until the frame behind it was drawn is printed: it tells of the machine, too. What is held to a limit, ten
 * times what it takes, is the work of the page's main thread for each of them, whatever else the machine does.
 */
async function expectQuick(page: Page, what: string, acts: readonly (() => Promise<unknown>)[]): Promise<void> {
  await page.evaluate(() => {
    const global = globalThis as unknown as { answered?: number[] };
    if (global.answered === undefined) {
      const note = ({ timeStamp }: Event): void =>
        void requestAnimationFrame(() => setTimeout(() => global.answered?.push(performance.now() - timeStamp)));
      addEventListener('keydown', note, { capture: true });
      addEventListener('click', note, { capture: true });
    }
    global.answered = [];
  });
  const answers = (): Promise<number[]> => page.evaluate(() => (globalThis as unknown as { answered: number[] }).answered);
  const work = await mainThreadWork(page);
  const before = await work();
  for (const [index, act] of acts.entries()) {
    await act();
    await eventually(async () => expect((await answers()).length).toBeGreaterThan(index));
  }
  const each = Math.round(((await work()) - before) / acts.length);
  const times = (await answers()).sort((one, other) => one - other);
  const [p50, p95] = [0.5, 0.95].map((share) => Math.round(times[Math.ceil(times.length * share) - 1] as number));
  process.stdout.write(`console, ${what}: ${p50} ms (p50), ${p95} ms (p95 of ${times.length}), work of the main thread ${each} ms\n`);
  expect(each).toBeLessThan(500);
}

describeConsole('huge data', (demo) => {
  let runId: string;

  beforeAll(async () => {
    await demo.call('POST', '/crm/leads', { name: 'Nora', email: 'nora@example.com', company: 'Fjord AS', source: 'Web Form' });
    await eventually(async () => expect((await demo.call('GET', '/automation/runs?status=succeeded')).items).toHaveLength(1));
    [{ id: runId }] = (await demo.call('GET', '/automation/runs?status=succeeded')).items;
    await demo.sql(HUGE_OUTPUT, [LINES]);
    await demo.sql(MANY_RUNS, [RUNS, runId, '20 days']);
    await demo.sql('ANALYZE automation.runs');
  });

  it('pages through 100,000 runs without growing, and back', async () => {
    const { page, open, axe, picture } = await demo.tab();
    await open('runs');
    const first = page.getByRole('row').nth(1);
    await first.waitFor();
    const size = (): Promise<number> => page.evaluate(() => document.querySelectorAll('*').length);
    const begin = await size();
    const seen = new Set<string | null>();
    await expectQuick(
      page,
      '100,000 runs, next page',
      Array.from({ length: 20 }, () => async () => {
        const before = await first.getByRole('link').first().getAttribute('href');
        await page.getByRole('button', { name: /^Older/ }).press('Enter');
        await eventually(async () => expect(await first.getByRole('link').first().getAttribute('href')).not.toBe(before));
        seen.add(before);
      }),
    );
    expect(seen.size).toBe(20);
    expect(await page.getByRole('row').count()).toBe(51);
    expect(Math.abs((await size()) - begin)).toBeLessThan(50);
    const there = page.url();
    await page.goBack();
    await page.waitForURL((url) => url.href !== there);
    await page.reload();
    await page.getByRole('button', { name: 'Newest' }).click();
    await page.waitForURL((url) => !url.search.includes('cursor'));
    await page.getByRole('button', { name: /^Newest\s*: This is the first page/ }).waitFor();
    expect(await page.getByRole('button', { name: /new runs? · Show/ }).count()).toBe(0);
    expect(await axe()).toEqual([]);
    await picture('runs-100000');
    // More than a page of new ones push no row away.
    const top = await first.getByRole('link').first().getAttribute('href');
    await demo.sql(MANY_RUNS, [120, runId, '0 days']);
    const show = page.getByRole('button', { name: '100+ new runs · Show' });
    await show.waitFor();
    expect([await first.getByRole('link').first().getAttribute('href'), await page.getByRole('row').count()]).toEqual([top, 51]);
    await show.press('Enter');
    await show.waitFor({ state: 'detached' });
    expect(await first.getByRole('link').first().getAttribute('href')).not.toBe(top);
    expect(await page.getByRole('row').count()).toBe(51);
  });

  it('filters and groups them, and takes up a page or all that match, after saying how many', async () => {
    const { page, open, axe, picture } = await demo.tab();
    await open('runs?status=failed&period=P30D');
    await page.getByRole('button', { name: /^Failed 10,000/ }).waitFor();
    await page.getByLabel('Choose all 50 shown').check();
    await page.getByText('50 chosen').waitFor();
    await page.getByRole('button', { name: /^Choose all 10,000\+? that match/ }).press('Enter');
    await page.getByText(/^all 10,000\+? that match/).waitFor();
    expect(await page.getByRole('button', { name: /Cancel …/ }).getAttribute('aria-disabled')).toBe('true');
    expect(await axe()).toEqual([]);
    await picture('runs-chosen');
    await page.getByRole('button', { name: /Retry …/ }).press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Retry runs' });
    await dialog.getByText('failed, the last 30 days').waitFor();
    await dialog.getByRole('button', { name: /^Retry 10,000\+? runs/ }).waitFor();
    expect(await axe()).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByLabel('Shown', { exact: true }).selectOption('groups');
    await page.getByRole('row', { name: /Welcome web leads.*smtp_unreachable/ }).waitFor();
    expect(await axe()).toEqual([]);
  });

  it('opens an output of 20,000 lines, 200 at once, and answers keys and clicks', async () => {
    const { page, open, axe, picture } = await demo.tab();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await open(`runs/${runId}?step=welcome`);
    const tree = page.getByRole('tree', { name: 'Output' });
    const lines = tree.getByRole('treeitem');
    await tree.getByText('20,000 items').click();
    await page.getByText('Lines 1–200 of 20,002').waitFor();
    expect(await lines.count()).toBe(200);
    expect(await axe()).toEqual([]);
    await picture('json-20000');
    await expectQuick(
      page,
      'JSON of 20,000 lines, a key',
      Array.from({ length: 40 }, (_, index) => () => page.keyboard.press(['ArrowDown', 'End', 'ArrowUp', 'Home'][index % 4] as string)),
    );
    await page.keyboard.press('ArrowDown');
    await expectQuick(
      page,
      'JSON of 20,000 lines, a click',
      Array.from({ length: 20 }, () => () => tree.getByText('20,000 items').click()),
    );
    await page.getByRole('searchbox', { name: 'Find in output: Enter goes to the next' }).fill('needle');
    await page.keyboard.press('Enter');
    await lines.getByText('line 15000 needle').waitFor();
    expect(await lines.count()).toBe(200);
    await page.getByRole('button', { name: 'Copy the path' }).press('Enter');
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('steps.welcome.output.lines.14999');
    await page.getByRole('button', { name: 'Copy the value' }).press('Enter');
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('line 15000 needle');
    await page.getByRole('button', { name: 'Next', exact: true }).click();
    await page.getByText('Lines 15,201–15,400 of 20,002').waitFor();
    expect(await axe()).toEqual([]);
  });
});
