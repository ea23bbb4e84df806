import { addressFor, type SmtpTrouble, smtpTroublemaker } from '../peers/smtp-troublemaker.js';
import { emptyResult, type FaultCase } from '../support/fault-case.js';
import type { FaultLab } from '../support/fault-lab.js';
import { type ShownRun, shownRuns } from '../support/shown-runs.js';

interface Expected {
  trouble: SmtpTrouble;
  /** The code of the first attempt's error; several where it depends on how far the bytes had come. */
  codes: readonly string[];
  /** `retry`: not delivered, comes again; `permanent`: the run fails; `ambiguous`: may have been delivered. */
  kind: 'retry' | 'permanent' | 'ambiguous';
}

const EXPECTED: readonly Expected[] = [
  { trouble: 'no greeting', codes: ['smtp_timeout'], kind: 'retry' },
  { trouble: '421 for a greeting', codes: ['smtp_unavailable'], kind: 'retry' },
  { trouble: '450 at the recipient', codes: ['smtp_deferred'], kind: 'retry' },
  { trouble: '550 at the recipient', codes: ['smtp_rejected_recipient'], kind: 'permanent' },
  { trouble: '452 after the dot', codes: ['smtp_deferred'], kind: 'retry' },
  { trouble: '554 after the dot', codes: ['smtp_rejected_message'], kind: 'permanent' },
  { trouble: 'close at DATA', codes: ['smtp_connection_lost'], kind: 'retry' },
  // All of a short message is on its way by then, its dot included: nobody here can know.
  { trouble: 'close in DATA', codes: ['smtp_outcome_unknown', 'smtp_connection_lost'], kind: 'ambiguous' },
  { trouble: 'close after the dot', codes: ['smtp_outcome_unknown'], kind: 'ambiguous' },
  { trouble: 'tarpit', codes: ['smtp_timeout'], kind: 'retry' },
];

/** Longer than anything here takes: 15 s of the tarpit, the pause, and the second attempt. */
const SETTLE_MS = 55_000;

/** A mail server in every kind of trouble, once for each way to deal with an unknown outcome. */
export const smtpTrouble: FaultCase = {
  id: 'F8',
  title: 'SMTP: silence, refusals, lost connections, a tarpit',
  short: false,
  postgres: 'shared',
  async run(lab) {
    const smtp = await smtpTroublemaker();
    try {
      const retrying = await lab.crm.publishWorkflow(mail('Normal', 'retry'), 'retry');
      const holding = await lab.crm.publishWorkflow(mail('Urgent', 'hold'), 'hold');
      // Two, so that a lease that is outlived is taken by the other.
      await lab.fleet.startMany(2, { orders: { smtpUrl: smtp.url }, worker: { pollIntervalMs: 200 } });
      await sendAll(lab, smtp);
      const open = await lab.database.settle(SETTLE_MS);
      const runs = [...(await shownRuns(lab, retrying)), ...(await shownRuns(lab, holding))];
      const rows = EXPECTED.flatMap((expected) =>
        (['retry', 'hold'] as const).map((variant) => ({
          expected,
          variant,
          ...judge(expected, variant, runs, (key) => smtp.arrivals.count(key)),
        })),
      );
      return {
        ...emptyResult(),
        inflicted: rows.length,
        runs: runs.length,
        externalCalls: smtp.arrivals.total,
        externalDuplicates: smtp.arrivals.repeated.length,
        notes: rows.map(({ expected, variant, told }) => `${expected.trouble.padEnd(22)} ${variant.padEnd(6)} ${told}`),
        violations: [
          ...(open === null ? [] : [open]),
          ...rows.flatMap(({ expected, variant, found }) => found.map((one) => `${expected.trouble}, ${variant}: ${one}`)),
        ],
      };
    } finally {
      await smtp.close();
    }
  },
};

function mail(priority: string, onAmbiguous: 'retry' | 'hold') {
  const retry = { maxAttempts: 2, initialInterval: 'PT1S', maxInterval: 'PT1S' };
  return {
    trigger: { type: 'event', module: 'leads', event: 'created' },
    conditions: { field: 'priority', operator: 'equals', value: priority },
    steps: [{ id: 'mail', type: 'send_email', with: { to: '{{record.email}}', subject: 'Hello', text: 'Welcome' }, retry, onAmbiguous }],
  };
}

/** Those at the greeting one after the other, since a connection does not say whose it is; the rest at once. */
async function sendAll(lab: FaultLab, smtp: Awaited<ReturnType<typeof smtpTroublemaker>>): Promise<void> {
  const send = ({ trouble }: Expected, variant: 'retry' | 'hold') =>
    lab.crm.createLead({ email: addressFor(trouble, variant), priority: variant === 'hold' ? 'Urgent' : 'Normal' });
  for (const expected of EXPECTED) {
    const { trouble } = expected;
    for (const variant of ['retry', 'hold'] as const) {
      const came = trouble === 'no greeting' || trouble === '421 for a greeting' ? smtp.greetNextWith(trouble) : null;
      await send(expected, variant);
      await came;
    }
  }
}

function judge({ trouble, codes, kind }: Expected, variant: 'retry' | 'hold', runs: readonly ShownRun[], arrived: (key: string) => number) {
  const address = addressFor(trouble, variant);
  const run = runs.find((one) => JSON.stringify(one.steps[0]?.input ?? '').includes(address));
  if (run === undefined) return { told: 'no run', found: ['there is no run'] };
  const [first, second] = run.steps;
  const held = kind === 'ambiguous' && variant === 'hold' && first?.error?.code === 'smtp_outcome_unknown';
  const goesOn = kind !== 'permanent' && !held;
  const expected = {
    first: held ? 'lost' : 'failed',
    run: goesOn ? 'succeeded' : 'failed',
    attempts: goesOn ? 2 : 1,
    reason: held ? 'attempt_ambiguous' : goesOn ? null : first?.error?.code,
  };
  const is = { first: first?.status, run: run.status, attempts: run.steps.length, reason: run.reason };
  const found: string[] = [];
  if (JSON.stringify(is) !== JSON.stringify(expected)) found.push(`expected ${JSON.stringify(expected)}, was ${JSON.stringify(is)}`);
  if (!codes.includes(first?.error?.code ?? '')) found.push(`the error is ${first?.error?.code}: ${first?.error?.message}`);
  if (!first?.error?.hint) found.push('the error does not say what to do');
  if (second && second.status !== 'succeeded') found.push(`the second attempt is ${second.status}`);
  // The first start and one claim for each further attempt; more means that somebody else took a run that was under way.
  if (run.claims > run.steps.length) found.push(`the run was claimed ${run.claims} times for ${run.steps.length} attempts`);
  const mails = arrived(`${run.id}.mail`);
  const told = `${first?.status} ${first?.error?.code} after ${run.steps[0]?.seconds.toFixed(1)} s, ${run.steps.length} attempts, ${mails} messages arrived, run ${run.status}`;
  return { told, found };
}
