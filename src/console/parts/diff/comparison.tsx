import type { VNode } from 'preact';
import type { DefinitionDiff } from '../../../core/definition/diff.js';
import { useAsk } from '../../api/query.js';
import { changedQuery, hrefOf } from '../../model/route.js';
import { Select } from '../../ui/field.js';
import { navigate, usePlace } from '../../ui/location.js';
import { Panel } from '../../ui/page.js';
import { AskedError } from '../../ui/pending.js';
import { Skeleton } from '../../ui/states.js';

interface ComparisonProps {
  /** What is compared, as the API knows it: `machines/…`. */
  path: string;
  /** The versions that are listed. What the address names can be compared with them, listed or not. */
  versions: readonly { version: number }[];
  /** Draws what is other in the second of two definitions. */
  drawDiff: (diff: DefinitionDiff) => VNode;
}

/** What is other between any two versions; first of all what publishing the draft would change. */
export function Comparison({ path, versions, drawDiff }: ComparisonProps): VNode {
  const { query, segments } = usePlace();
  const [from, to] = [query.get('from') ?? String(versions[0]?.version), query.get('to') ?? 'draft'];
  const diff = useAsk<DefinitionDiff>(`${path}/diff`, { query: { from, to } });
  const known = new Set([...versions.map(({ version }) => String(version)), ...[from, to].filter((side) => side !== 'draft')]);
  const newestFirst = [...known].sort((one, other) => Number(other) - Number(one));
  const sides = [{ value: 'draft', label: 'Draft' }, ...newestFirst.map((version) => ({ value: version, label: `v${version}` }))];
  const go = (changes: Record<string, string>): void =>
    navigate(hrefOf(segments.join('/'), changedQuery(query, changes)), { replace: true });
  return (
    <Panel
      title="Compare"
      aside={
        <>
          <Select label="From" value={from} options={sides} onChange={(next) => go({ from: next })} />
          <span class="quiet">to</span>
          <Select label="To" value={to} options={sides} onChange={(next) => go({ to: next })} />
        </>
      }
    >
      <AskedError asked={diff} />
      {!diff.data && !diff.error && <Skeleton what="the difference" rows={3} />}
      {diff.data && drawDiff(diff.data)}
    </Panel>
  );
}
