import { IsOptional, IsString } from 'class-validator';
import { defineAction } from '../../../src/actions/define-action.js';
import { atLeast, type BenchContext, median, NO_TARGET, ratios, type Suite, spread, type Table, whole } from '../report.js';
import { THREE_ACTIONS } from '../support.js';
import { type MeasuredWorkflow, measureEngine } from '../throughput.js';

const RUNS = Number(process.env.BENCH_RUNS ?? 10_000);

const [owner, call, stage] = THREE_ACTIONS.steps;
/** A failure is final: what is measured is what it costs the neighbours, not the retries. */
const once = { retry: { maxAttempts: 1 } };

class Arguments {
  @IsOptional()
  @IsString()
  breaks?: string;
}

/** The host's own: writes, and then throws for every hundredth lead when told. */
const mark = defineAction({
  type: 'mark',
  label: 'Mark',
  effect: 'local',
  transaction: 'shared',
  writesRecord: true,
  arguments: Arguments,
  async execute({ breaks }, step) {
    if (step.record) await step.crm.update(step.record, () => ({ touches: 1 }));
    if (breaks === 'yes' && step.record?.id.endsWith('00')) throw new Error('the host changed its mind after it had written');
  },
});

const withMark = (breaks: string): object => ({
  ...THREE_ACTIONS,
  steps: [owner, call, { id: 'mark', type: 'mark', with: { breaks }, ...once }],
});

/** One run of a hundred fails after a write. */
const CASES: readonly { name: string; beside: string | null; workflow: MeasuredWorkflow }[] = [
  { name: 'our actions, none fails', beside: null, workflow: {} },
  {
    name: 'our actions, the database refuses the write of 1 %',
    beside: 'our actions, none fails',
    workflow: {
      mayFail: true,
      definition: { ...THREE_ACTIONS, steps: [owner, call, { ...stage, ...once }] },
      prepare: async (source) => {
        await source.query(`ALTER TABLE crm_leads ADD CONSTRAINT refused CHECK (stage <> 'Contacted' OR id NOT LIKE '%00')`);
      },
    },
  },
  {
    name: "a host's action in the shared transaction, none fails",
    beside: null,
    workflow: { actions: [mark], definition: withMark('no') },
  },
  {
    name: "a host's action throws after it has written, 1 %",
    beside: "a host's action in the shared transaction, none fails",
    workflow: { mayFail: true, actions: [mark], definition: withMark('yes') },
  },
];

/** What runs that fail after a write cost those beside them: their shared transaction goes back to a savepoint. */
export const failing: Suite = {
  name: 'failing',
  async run({ serverUrl, rounds, progress }: BenchContext): Promise<Table> {
    const rates = new Map<string, number[]>(CASES.map(({ name }) => [name, []]));
    for (let round = 1; round <= rounds; round += 1) {
      for (const { name, workflow } of CASES) {
        progress(`round ${round} of ${rounds}: ${name} …`);
        const { runs, seconds } = await measureEngine(serverUrl, RUNS, 'backlog', workflow);
        rates.get(name)?.push(runs / seconds);
      }
    }
    return {
      title: 'Throughput when 1 % of the runs fail after a write',
      columns: ['', 'runs/s', 'of those without', 'target', 'verdict'],
      rows: CASES.map(({ name, beside }) => {
        const own = rates.get(name) ?? [];
        const shares = beside === null ? null : ratios(own, rates.get(beside) ?? []);
        return [name, whole(median(own)), shares ? spread(shares) : '1', ...(shares ? atLeast(median(shares), 0.8) : NO_TARGET)];
      }),
      notes: [`Medians of ${rounds} rounds in turn, ${whole(RUNS)} runs of a backlog each; in brackets the slowest and the fastest round.`],
    };
  },
};
