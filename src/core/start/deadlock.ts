/** What a run waits for: that any one of these goes on, or all of them. A run without an entry goes on by itself. */
export interface WaitsFor {
  goesOnWhen: 'any' | 'all';
  of: readonly string[];
}

/** Returns the runs that never go on, unless somebody steps in: they wait for each other, or for such. */
export function stuckRuns(waits: ReadonlyMap<string, WaitsFor>): Set<string> {
  const stuck = new Set([...waits.keys()]);
  for (let before = -1; before !== stuck.size; ) {
    before = stuck.size;
    for (const id of [...stuck]) {
      const { goesOnWhen, of } = waits.get(id) as WaitsFor;
      const left = of.filter((other) => stuck.has(other)).length;
      const isStuck = goesOnWhen === 'any' ? left === of.length : left > 0;
      if (of.length === 0 || !isStuck) stuck.delete(id);
    }
  }
  return stuck;
}

/** Returns runs that wait for each other in turn, each for the next and the last for the first, found on the way from one that is stuck. */
export function circleFrom(waits: ReadonlyMap<string, WaitsFor>, stuck: ReadonlySet<string>, from: string): string[] {
  const way: string[] = [];
  // Whoever is stuck waits for one that is.
  for (let id = from; !way.includes(id); id = waits.get(id)?.of.find((other) => stuck.has(other)) as string) way.push(id);
  const next = waits.get(way.at(-1) as string)?.of.find((other) => stuck.has(other)) as string;
  return way.slice(way.indexOf(next));
}
