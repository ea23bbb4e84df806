import { type Contestant, jsonLogicEngine, jsonRulesEngine, ours, RULE_PACKAGES } from '../conditions/contestants.js';
import { makeLeads } from '../conditions/leads.js';
import { TEN_TESTS, type Tree, variations } from '../conditions/trees.js';
import { installPackages, NotInstalledError } from '../peers/install.js';
import { atLeast, type BenchContext, median, NO_TARGET, ratios, type Suite, spread, type Table, whole } from '../report.js';

/** No common factor with the number of conditions in turn, so that each meets each record. */
const RECORDS = 997;
const VARIATIONS = 20;
const ROUNDS = Number(process.env.BENCH_CONDITION_ROUNDS ?? 15);
/** A turn of one contestant takes about this long. */
const TURN_MS = 150;
const SEED = 20_260_301;

interface Lane {
  contestant: Contestant;
  run(evaluations: number): number | Promise<number>;
  evaluations: number;
  /** Evaluations a second, a round each. */
  rates: number[];
}

/** Evaluations a second of one condition of ten tests, against two libraries, in one process, turn by turn. */
export const conditions: Suite = {
  name: 'conditions',
  async run({ progress }: BenchContext): Promise<Table> {
    const contestants = [ours('ours', true), ours('ours, ignoring case (our default; the others cannot)', false)];
    const notes = [
      `Ten tests on three levels over ${RECORDS} leads of four shapes (fields missing, null, in another order), ${ROUNDS} rounds in turn in one process; every answer was compared first.`,
      'The ratio is ours by theirs, round by round: the median, in brackets the smallest and the largest.',
    ];
    try {
      const packages = await installPackages('rules', RULE_PACKAGES);
      contestants.push(await jsonLogicEngine(packages), await jsonRulesEngine(packages));
    } catch (error) {
      if (!(error instanceof NotInstalledError)) throw error;
      notes.push(`The libraries to compare with were not run: ${error.message}`);
    }
    const rows: string[][] = [];
    for (const [what, trees, share] of [
      ['one condition', [TEN_TESTS], true],
      [`${VARIATIONS} such conditions in turn`, variations(VARIATIONS, SEED), false],
    ] as const) {
      progress(`${what} …`);
      const { lanes, held } = await race(contestants, trees);
      if (share) notes.push(`The condition holds for ${Math.round(held * 100)} % of the leads.`);
      const base = (lanes[0] as Lane).rates;
      for (const { contestant, rates } of lanes) {
        const ratio = ratios(base, rates);
        const verdict = targetOf(contestant.name, share ? median(ratio) : null);
        rows.push([`${what}: ${contestant.name}`, whole(median(rates)), rates === base ? '1' : spread(ratio), ...verdict]);
      }
    }
    return {
      title: 'Conditions: a nested tree of 10 tests',
      columns: ['', 'evaluations/s', 'ours ÷ it', 'target', 'verdict'],
      rows,
      notes,
    };
  },
};

function targetOf(name: string, ratio: number | null): [string, string] {
  if (ratio === null || name.startsWith('ours')) return NO_TARGET;
  return atLeast(ratio, name.startsWith('json-rules-engine') ? 100 : 0.8);
}

async function race(contestants: readonly Contestant[], trees: readonly Tree[]): Promise<{ lanes: Lane[]; held: number }> {
  const records = makeLeads(RECORDS, SEED);
  const pairs = trees.length * RECORDS;
  const lanes: Lane[] = contestants.map((contestant) => ({
    contestant,
    run: contestant.prepare(trees, records),
    evaluations: 0,
    rates: [],
  }));
  const held = await compareAnswers(contestants, trees, records.length);
  for (const lane of lanes) {
    // Warm code first, then as many whole passes over all pairs as fit into a turn.
    const perSecond = await timed(lane, pairs).then(() => timed(lane, pairs));
    lane.evaluations = Math.max(1, Math.round((perSecond * TURN_MS) / 1_000 / pairs)) * pairs;
    await timed(lane, lane.evaluations);
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    // Another one begins each time.
    for (let turn = 0; turn < lanes.length; turn += 1) {
      const lane = lanes[(round + turn) % lanes.length] as Lane;
      lane.rates.push(await timed(lane, lane.evaluations));
    }
  }
  return { lanes, held };
}

/** Evaluations a second. */
async function timed(lane: Lane, evaluations: number): Promise<number> {
  const started = performance.now();
  await lane.run(evaluations);
  return (evaluations / (performance.now() - started)) * 1_000;
}

/** Each answer of each contestant, one pair of condition and record at a time; answers which share of them held. */
async function compareAnswers(contestants: readonly Contestant[], trees: readonly Tree[], count: number): Promise<number> {
  const records = makeLeads(count, SEED);
  let held = 0;
  for (const [at, tree] of trees.entries()) {
    for (const record of records) {
      const answers = await Promise.all(contestants.map((contestant) => contestant.prepare([tree], [record])(1)));
      if (new Set(answers).size > 1) {
        const said = contestants.map(({ name }, index) => `${name}: ${answers[index] === 1}`).join(', ');
        throw new Error(`condition ${at} on ${JSON.stringify(record)}: ${said}. Timing unequal answers would mean nothing.`);
      }
      held += answers[0] ?? 0;
    }
  }
  return held / (trees.length * records.length);
}
