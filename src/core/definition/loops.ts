import type { Catalog } from '../catalog.js';
import { sameJson } from '../derive-events.js';
import { type Influence, influencesOf, type NeighbouringWorkflow } from './influence.js';
import { writesOf } from './writes.js';

/** The most loops that are told. */
const MOST_LOOPS = 10;

/** A way on which a workflow may start itself again. */
export interface WorkflowLoop {
  /** From the workflow by way of others, or none, back to it. */
  links: Influence[];
  /** Nothing on the way decides: it happens whenever the workflow runs. */
  isCertain: boolean;
}

/**
 * Returns the ways on which a workflow may start itself again, among all that are active: for each step with which such a way
 * begins the shortest, over the links that are asked for. A way that ends by itself is none: where all that is written is the same value again, nothing changes any more.
 */
export function loopsOf(
  workflow: NeighbouringWorkflow,
  others: readonly NeighbouringWorkflow[],
  catalog: Catalog,
  isLink: (influence: Influence) => boolean = () => true,
): WorkflowLoop[] {
  const all = [workflow, ...others.filter(({ id }) => id !== workflow.id)];
  const known = new Map<string, Influence[]>();
  const next = (from: NeighbouringWorkflow): Influence[] => {
    const found = known.get(from.id) ?? influencesOf(from, all, catalog).filter(isLink);
    known.set(from.id, found);
    return found;
  };
  const loops: WorkflowLoop[] = [];
  for (const first of next(workflow)) {
    const links = shortestWay(first, workflow, next);
    if (links === null || isSettling(links, catalog)) continue;
    loops.push({ links, isCertain: links.every(({ isCertain }) => isCertain) });
    if (loops.length === MOST_LOOPS) break;
  }
  return loops;
}

/** Breadth first, so that the first way that arrives is the shortest. */
function shortestWay(
  first: Influence,
  target: NeighbouringWorkflow,
  next: (from: NeighbouringWorkflow) => Influence[],
): Influence[] | null {
  const seen = new Set([first.to.id]);
  let ways: Influence[][] = [[first]];
  while (ways.length > 0) {
    const longer: Influence[][] = [];
    for (const way of ways) {
      const last = way.at(-1) as Influence;
      if (last.to.id === target.id) return way;
      for (const link of next(last.to)) {
        if (seen.has(link.to.id)) continue;
        // The target may be arrived at by several ways; all others are gone through once.
        seen.add(link.to.id);
        longer.push([...way, link]);
      }
    }
    ways = longer;
  }
  return null;
}

/** Whether a link of the way writes a value that is there already when it comes by again: nobody on the way writes another one. */
function isSettling(links: readonly Influence[], catalog: Catalog): boolean {
  const writes = links.flatMap(({ from }) => writesOf(from.definition, catalog));
  return links.some(({ write }) => {
    if (write?.kind !== 'field' || write.field === null || write.value === undefined) return false;
    const { module, field, value } = write;
    const same = writes.filter((one) => one.kind === 'field' && one.module === module && (one.field === field || one.field === null));
    return same.every((one) => one.kind === 'field' && one.field === field && one.value !== undefined && sameJson(one.value, value));
  });
}
