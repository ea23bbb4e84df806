import { atLeast, type BenchContext, median, NO_TARGET, ratios, type Suite, spread, type Table, whole } from '../report.js';
import { measureEngine, measureFloor, type Throughput } from '../throughput.js';

const RUNS = Number(process.env.BENCH_RUNS ?? 10_000);

const rates = (all: readonly Throughput[]): number[] => all.map(({ runs, seconds }) => runs / seconds);

/** Durable runs a second, against what one would write by hand for this one workflow. */
export const throughput: Suite = {
  name: 'throughput',
  async run({ serverUrl, rounds, progress }: BenchContext): Promise<Table> {
    const floor: Throughput[] = [];
    const live: Throughput[] = [];
    const backlog: Throughput[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      progress(`round ${round} of ${rounds}, ${RUNS} runs each: the hand-written floor …`);
      floor.push(await measureFloor(serverUrl, RUNS));
      progress(`round ${round}: published while the engine works …`);
      live.push(await measureEngine(serverUrl, RUNS, 'live'));
      progress(`round ${round}: a backlog …`);
      backlog.push(await measureEngine(serverUrl, RUNS, 'backlog'));
    }
    const line = (name: string, all: readonly Throughput[], verdict: readonly string[]): string[] => {
      const [statements, commits] = (['statements', 'commits'] as const).map((what) => median(all.map((one) => one[what] / one.runs)));
      const ratio = all === floor ? '1' : spread(ratios(rates(all), rates(floor)));
      return [name, whole(median(rates(all))), ratio, statements?.toFixed(2) ?? '', commits?.toFixed(2) ?? '', ...verdict];
    };
    return {
      title: 'Throughput: 1 condition + 3 local actions',
      columns: ['', 'runs/s', 'of the floor', 'statements/run', 'commits/run', 'target', 'verdict'],
      rows: [
        line('hand-written: a transaction per event, plain `pg`, 8 connections', floor, NO_TARGET),
        line('the engine on a backlog', backlog, atLeast(median(ratios(rates(backlog), rates(floor))), 1, ' (goal 2)')),
        line('the engine while 8 writers `publish`, each in a transaction of its own, same process', live, NO_TARGET),
      ],
      notes: [`Medians of ${rounds} rounds in turn, ${whole(RUNS)} runs each; in brackets the slowest and the fastest round.`],
    };
  },
};
