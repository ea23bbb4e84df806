import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { auditWords, changedMembers } from '../../src/console/model/audit-words.js';
import type { Catalog } from '../../src/console/model/catalog.js';
import { cronWords } from '../../src/console/model/cron-words.js';
import { conditionWords, fieldWords, retryWords, stepWords, triggerWords } from '../../src/console/model/definition-words.js';
import { limitWords } from '../../src/console/model/limit-words.js';
import { taskCount } from '../../src/console/model/task-count.js';
import {
  clockTime,
  DURATION_UNITS,
  dayTime,
  durationMs,
  durationOf,
  durationParts,
  durationWords,
  exactTime,
  momentsIn,
  offsetWords,
  relativeTime,
  tookWords,
} from '../../src/console/model/time.js';
import { countWords, listWords, momentWords, nameWords, shortened, valueWords } from '../../src/console/model/words.js';
import { stepOfPath, type Would, wouldWords } from '../../src/console/model/would-words.js';
import { describeOperators } from '../../src/core/operators/index.js';
import { parseDuration } from '../../src/core/time/duration.js';

const NOW = new Date('2026-11-20T10:00:00Z');
const ago = (ms: number): string | null => relativeTime(new Date(NOW.getTime() - ms), NOW);

const CATALOG = {
  modules: [
    {
      name: 'leads',
      singular: 'lead',
      label: 'Leads',
      fields: [
        { name: 'source', label: 'Source', type: 'text', nullable: true, writable: true },
        { name: 'amount', label: 'Amount', type: 'money', nullable: true, writable: true },
      ],
      relations: [{ name: 'account', module: 'accounts' }],
      events: [{ name: 'stage_changed', label: 'Stage changed', rule: { on: 'changed', field: 'stage' } }],
    },
    {
      name: 'accounts',
      singular: 'account',
      label: 'Accounts',
      fields: [{ name: 'industry', label: 'Industry', type: 'text', nullable: true, writable: true }],
      relations: [],
      events: [],
    },
  ],
  operators: describeOperators(),
  actions: [{ type: 'send_email', label: 'Send e-mail', effect: 'external', argumentsSchema: {}, output: null }],
  stepTypes: [],
} as unknown as Catalog;

describe('times in words', () => {
  it('tells how long ago in the largest unit that fits, and nothing beyond a month', () => {
    expect([2_000, 12_000, 180_000, 7_200_000, 3 * 86_400_000, 40 * 86_400_000].map(ago)).toEqual([
      'just now',
      '12 s ago',
      '3 min ago',
      '2 h ago',
      '3 d ago',
      null,
    ]);
    expect(ago(-7_200_000)).toBe('in 2 h');
  });

  it('shows a moment as clocks of the zone do', () => {
    expect(exactTime(NOW, 'Europe/Berlin')).toBe('20 Nov 2026, 11:00:00');
    expect([dayTime(NOW, 'UTC'), clockTime(NOW, 'UTC')]).toEqual(['20 Nov 2026', '10:00']);
    expect(exactTime(new Date('nonsense'))).toBe('no date');
  });

  it('shows the moments of a sentence as clocks of the zone do, and leaves the rest of it', () => {
    expect(momentsIn('Waits at cool until 2026-11-20 23:05 UTC; 2026 was named.', 'Europe/Berlin')).toBe(
      'Waits at cool until 21 Nov 2026, 00:05; 2026 was named.',
    );
  });

  it('tells how long something took in at most two units', () => {
    expect([420, 3_240, 42_000, 250_000, 7_500_000, 273_600_000].map(tookWords)).toEqual([
      '420 ms',
      '3.2 s',
      '42 s',
      '4 min 10 s',
      '2 h 5 min',
      '3 d 4 h',
    ]);
  });

  it('reads every duration that the server reads, and no other', () => {
    const text = fc.stringMatching(/^-?P(\d{0,2}(BD|Y|M|W|D)){0,3}(T(\d{0,2}[HMS]){0,3})?$/);
    fc.assert(fc.property(text, (one) => expect(durationParts(one) === null).toBe(parseDuration(one) === null)));
  });

  it('writes one count of one unit so that it is read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999 }), fc.constantFrom(...DURATION_UNITS), fc.boolean(), (count, unit, isNegative) => {
        expect(durationParts(durationOf(count, unit, isNegative))).toEqual({ isNegative, parts: [{ count, unit }] });
      }),
    );
  });

  it('tells durations and offsets in words', () => {
    expect(['P2D', 'PT90M', 'P3BD', 'P1DT2H', 'P0D', 'soon'].map(durationWords)).toEqual([
      '2 days',
      '90 minutes',
      '3 working days',
      '1 day 2 hours',
      'no time',
      'soon',
    ]);
    expect([offsetWords('-P3D'), offsetWords('PT2H'), offsetWords('P0D'), offsetWords('x')]).toEqual([
      '3 days before',
      '2 hours after',
      'on',
      'x',
    ]);
    expect([momentWords('-P7D'), momentWords('P1D'), momentWords('PT0S')]).toEqual(['7 days ago', 'in 1 day', 'now']);
    expect([durationMs('-PT1M'), durationMs('nothing')]).toEqual([-60_000, null]);
  });
});

describe('words', () => {
  it('counts, lists and names', () => {
    expect([countWords(1, 'run'), countWords(1204, 'run'), countWords(2, 'branch', 'branches')]).toEqual([
      '1 run',
      '1,204 runs',
      '2 branches',
    ]);
    expect([listWords([]), listWords(['a']), listWords(['a', 'b', 'c']), listWords(['a', 'b'], 'or')]).toEqual([
      '',
      'a',
      'a, b and c',
      'a or b',
    ]);
    expect([nameWords('not_while_active'), nameWords('dueIn'), nameWords('__')]).toEqual(['Not while active', 'Due in', '__']);
  });

  it('tells values as people would', () => {
    expect(
      [null, '', 'Web Form', 50000, true, false, [], ['a', 'b'], { field: 'x' }, { fromNow: '-P7D' }, { a: 1 }].map(valueWords),
    ).toEqual(['empty', 'empty', 'Web Form', '50,000', 'yes', 'no', 'nothing', 'a or b', 'the value of x', '7 days ago', '{"a":1}']);
  });

  it('never makes a text longer than was asked for', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 90 }), (text, most) =>
        expect(shortened(text, most).length).toBeLessThanOrEqual(most),
      ),
    );
  });
});

describe('cron in words', () => {
  it.each([
    ['30 9 * * MON-FRI', 'At 09:30, Monday to Friday'],
    ['0 8,17 * * *', 'At 08:00 and 17:00, every day'],
    ['*/15 * * * *', 'Every 15 minutes, every day'],
    ['0 * * * *', 'Every hour, every day'],
    ['5 */2 * * 1', 'Every 2 hours at :05, Monday'],
    ['0 6 1 * *', 'At 06:00, on day 1 of the month'],
    ['0 6 L * *', 'At 06:00, on the last day of the month'],
    ['0 6 1 1,7 *', 'At 06:00, on day 1 of the month, in January and July'],
    ['0 6 * * 7', 'At 06:00, Sunday'],
    ['1-5 6 * * *', 'cron 1-5 6 * * *'],
    ['0 6 1 * MON', 'cron 0 6 1 * MON'],
    ['0 6 * * FOO', 'cron 0 6 * * FOO'],
    ['', 'No times chosen yet'],
    ['0 6', 'cron 0 6'],
  ])('tells %s', (cron, words) => {
    expect(cronWords(cron)).toBe(words);
  });
});

describe('a definition in words', () => {
  it('tells what starts it', () => {
    const words = (trigger: object): string => triggerWords({ ...trigger }, CATALOG);
    expect(words({ type: 'event', module: 'leads', event: 'stage_changed', to: ['Won', 'Lost'] })).toBe(
      'Leads: Stage changed to Won or Lost',
    );
    expect(words({ type: 'event', module: 'leads', event: 'updated', fields: ['source'] })).toBe('Leads: Updated (Source)');
    expect(words({ type: 'event' })).toBe('No module: no event chosen');
    expect(words({ type: 'schedule', cron: '0 8 * * *', timezone: 'UTC' })).toBe('At 08:00, every day (UTC)');
    expect(words({ type: 'date', module: 'leads', field: 'closeDate', offset: '-P3D', at: '09:00' })).toBe(
      'Leads: 3 days before closeDate at 09:00',
    );
    expect([words({ type: 'webhook' }), words({ type: 'manual' }), words({ type: 'manual', module: 'leads' })]).toEqual([
      'A call of its trigger URL',
      'By hand',
      'By hand, on Leads',
    ]);
    expect(words({ type: 'machine_entered', module: 'leads', machine: 'sales', state: ['won', 'lost'] })).toBe(
      'Leads: enters won or lost of sales',
    );
    expect([words({}), triggerWords(null, null), words({ type: 'connector', connector: 'Stripe', event: 'paid' })]).toEqual([
      'Nothing chosen yet',
      'Nothing chosen yet',
      'Stripe: Paid',
    ]);
  });

  it('calls fields as people do, through relations too', () => {
    const words = (path: string): string => fieldWords(path, 'leads', CATALOG);
    expect(['source', 'record.source', 'account.industry', 'previous.source', 'steps.look.output.score', 'nothing'].map(words)).toEqual([
      'Source',
      'Source',
      'Account › Industry',
      'Previous › Source',
      'Steps › Look › Output › score',
      'nothing',
    ]);
  });

  it('tells conditions in one sentence', () => {
    const web = { field: 'source', operator: 'equals', value: 'Web Form' };
    const rich = { field: 'amount', operator: 'greater_than', value: 50_000 };
    expect(conditionWords({ all: [web, { any: [rich, { field: 'source', operator: 'is_empty' }] }] }, 'leads', CATALOG)).toBe(
      'Source is Web Form and (Amount is greater than 50,000 or Source is empty)',
    );
    expect(conditionWords({ none: [web] }, 'leads', CATALOG)).toBe('none of (Source is Web Form)');
    expect([
      conditionWords(undefined, 'leads', CATALOG),
      conditionWords({ all: [] }, null, null),
      conditionWords({ any: [] }, null, null),
    ]).toEqual(['always', 'always', 'never']);
  });

  it('calls a step by its name, else by its kind and what it mainly does', () => {
    const words = (step: object): string => stepWords({ ...step }, CATALOG);
    expect(words({ id: 'a', type: 'send_email', name: 'Hello' })).toBe('Hello');
    expect(words({ id: 'a', type: 'send_email', with: { to: 'x', template: 'welcome' } })).toBe('Send e-mail · welcome');
    expect(words({ id: 'a', type: 'delay', untilField: 'closeDate', offset: '-P2D' })).toBe('Delay · until 2 days before closeDate');
    expect(words({ id: 'a', type: 'branch', branches: [{}] })).toBe('Branch · 1 branch');
    expect(words({ id: 'a' })).toBe('No kind chosen');
  });

  it('tells retries by how often and for how long', () => {
    expect([
      retryWords(undefined),
      retryWords({ maxAttempts: 1 }),
      retryWords({ maxAttempts: 6, initialInterval: 'PT1M', maxInterval: 'PT4M' }),
    ]).toEqual(['3 attempts over about 30 s', '1 attempt', '6 attempts over about 15 min']);
  });
});

describe('what is told of a workflow', () => {
  it('has its limits in sentences, as given or as its trigger has them', () => {
    expect(limitWords({ trigger: { type: 'event' } })).toEqual([
      'Any number of runs at a time.',
      'Every time, on the same record too.',
      'A run that takes longer than 30 days is failed.',
    ]);
    expect(limitWords({ trigger: { type: 'webhook' }, settings: { reentry: { oncePer: 'P1D' }, order: 'per_record' } })).toEqual([
      'One run at a time; others wait in the queue.',
      'Once on each record in any day.',
      'The runs of one record go one after the other.',
      'A run that takes longer than 30 minutes is failed.',
    ]);
    const settings = { reentry: 'not_while_active', maxConcurrentRuns: 1_200, maxDuration: 'P1D' };
    expect(limitWords({ trigger: { type: 'schedule' }, settings })).toEqual([
      'At most 1,200 runs at a time; others wait in the queue.',
      'Not on a record that a run is under way on.',
      'A run that takes longer than 1 day is failed.',
    ]);
  });

  it('has what was done to it in words, and what is other since', () => {
    expect(['workflow.published', 'event.replayed', 'machine.url_rotated'].map(auditWords)).toEqual([
      'Published a workflow',
      'Replayed an event',
      'Replaced the URL of a state machine',
    ]);
    expect(changedMembers({ name: 'A', code: 'a', gone: 1 }, { name: 'B', code: 'a', fresh: [1] })).toEqual([
      ['name', 'A', 'B'],
      ['gone', 1, null],
      ['fresh', null, [1]],
    ]);
    expect(changedMembers(null, null)).toEqual([]);
  });
});

describe('what a step would do', () => {
  const told = (would: Would): string => wouldWords(would, null);
  it('is told in a few words, whatever it is', () => {
    expect([
      told({ kind: 'change', module: 'leads', changes: { priority: { from: 'Low', to: 'Urgent' } } }),
      told({ kind: 'task', task: { title: 'Call' } }),
      told({ kind: 'notifications', notifications: [{}, {}] }),
      told({ kind: 'mail', subject: 'Welcome', to: [{ name: '', address: 'ann@example.test' }, 'ben@example.test'] }),
      told({ kind: 'request', method: 'GET', url: 'https://example.test/' }),
      told({ kind: 'create', module: 'contacts', record: {} }),
      told({ kind: 'note', note: { body: 'Hot' } }),
      told({ kind: 'sign_contract' }),
    ]).toEqual([
      'priority: Urgent',
      'makes the task “Call”',
      'notifies 2 people',
      'mails “Welcome” to ann@example.test and ben@example.test',
      'calls GET https://example.test/',
      'creates a record of contacts',
      'notes “Hot”',
      'sign contract',
    ]);
  });

  it('belongs to the step that the path of the log ends with', () => {
    expect(['mail', 'route.large.mail', 'each[2].mail', 'each[1].inner[0]'].map(stepOfPath)).toEqual(['mail', 'mail', 'mail', 'inner']);
  });
});

describe('a number of tasks in words', () => {
  it('says that there may be more than the API counts', () => {
    expect([0, 9_999, 10_000].map(taskCount)).toEqual(['0', '9,999', '10,000+']);
  });
});
