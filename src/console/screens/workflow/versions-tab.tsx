import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useCatalog, useMay } from '../../api/me.js';
import { forget, useAsk } from '../../api/query.js';
import { actorWords } from '../../model/actor-words.js';
import { changedQuery, hrefOf } from '../../model/route.js';
import { numberWords } from '../../model/words.js';
import { DiffView } from '../../parts/diff/diff-view.js';
import { Button } from '../../ui/button.js';
import { Select } from '../../ui/field.js';
import { navigate, usePlace } from '../../ui/location.js';
import { MenuButton, type MenuItem } from '../../ui/menu.js';
import { Card, Panel } from '../../ui/page.js';
import { EmptyState, ErrorPanel, Skeleton } from '../../ui/states.js';
import { Mark } from '../../ui/status.js';
import { type Column, Table } from '../../ui/table.js';
import { Time } from '../../ui/time.js';
import { PublishDialog } from '../editor/publish-dialog.js';
import type { Diff, Version, WorkflowDetail } from '../editor/types.js';
import { commandsOf } from '../workflows/workflow-commands.js';
import { WorkflowFrame } from './workflow-frame.js';

/** Every published version, and what is other between two of them. */
export function VersionsTab({ id }: { id: string }): VNode {
  return (
    <WorkflowFrame id={id} current="versions">
      {(workflow) => <Versions workflow={workflow} />}
    </WorkflowFrame>
  );
}

function Versions({ workflow }: { workflow: WorkflowDetail }): VNode {
  const { id, status } = workflow;
  const { query, segments } = usePlace();
  const cursor = query.get('cursor');
  const versions = useAsk<{ items: Version[]; nextCursor: number | null }>(`workflows/${id}/versions`, { query: { cursor, limit: 50 } });
  const catalog = useCatalog();
  const mayChange = useMay('manage') && status !== 'archived';
  const [again, setAgain] = useState<number | null>(null);
  const go = (changes: Record<string, string | number | null>, replace = true): void =>
    navigate(hrefOf(segments.join('/'), changedQuery(query, changes)), { replace });
  if (versions.data === undefined) {
    return versions.error ? <ErrorPanel error={versions.error.body} retry={() => void versions.refetch()} /> : <Skeleton what="versions" />;
  }
  const { items, nextCursor } = versions.data;
  if (items.length === 0) {
    return (
      <Card>
        <EmptyState icon="flag" title="Nothing is published yet">
          <span>Publishing makes the first version. Runs stay on the version that they have started with.</span>
        </EmptyState>
      </Card>
    );
  }
  const menuOf = ({ version, isPublished }: Version): MenuItem[] => [
    { label: 'Compare with the draft', icon: 'filter', onSelect: () => go({ from: version, to: 'draft' }) },
    ...(version > 1
      ? [{ label: 'Compare with the one before', icon: 'left' as const, onSelect: () => go({ from: version - 1, to: version }) }]
      : []),
    ...(mayChange
      ? [
          ...(isPublished ? [] : [{ label: 'Publish this one again …', icon: 'retry' as const, onSelect: () => setAgain(version) }]),
          { label: 'Edit from here', icon: 'pencil' as const, href: hrefOf(`workflows/${id}`, { from: version }) },
        ]
      : []),
    { label: 'Export', icon: 'download', onSelect: () => void commandsOf(workflow).save(version) },
  ];
  return (
    <>
      <Card flush>
        <Table caption="Versions, newest first" columns={columnsOf(id, menuOf)} rows={items} keyOf={({ version }) => String(version)} />
        {(cursor || nextCursor !== null) && (
          <nav class="pages" aria-label="Pages of versions">
            <span />
            <Button icon="up" blocked={cursor ? null : 'These are the newest'} onClick={() => go({ cursor: null }, false)}>
              Newest
            </Button>
            <Button
              icon="down"
              blocked={nextCursor === null ? 'There are no older ones' : null}
              onClick={() => go({ cursor: nextCursor }, false)}
            >
              Older
            </Button>
          </nav>
        )}
      </Card>
      <Comparison workflow={workflow} versions={items} go={go} />
      {again !== null && catalog && (
        <PublishDialog
          workflow={workflow}
          catalog={catalog}
          fromVersion={again}
          onPublished={() => {
            setAgain(null);
            void forget(`workflows/${id}`);
          }}
          onClose={() => setAgain(null)}
        />
      )}
    </>
  );
}

function columnsOf(id: string, menuOf: (version: Version) => MenuItem[]): Column<Version>[] {
  return [
    {
      id: 'version',
      label: 'Version',
      narrow: 'title',
      cell: ({ version, isPublished, restoredFrom }) => (
        <span class="row">
          <strong>v{version}</strong>
          {isPublished && (
            <Mark tone="ok" icon="check">
              published now
            </Mark>
          )}
          {restoredFrom !== null && <Mark icon="retry">{`v${restoredFrom} again`}</Mark>}
        </span>
      ),
    },
    { id: 'when', label: 'When', tight: true, cell: ({ publishedAt }) => <Time at={publishedAt} /> },
    { id: 'who', label: 'Who', cell: ({ publishedBy }) => actorWords(publishedBy) },
    { id: 'note', label: 'Note', cell: ({ note }) => (note === null ? <span class="quiet">–</span> : <span class="message">{note}</span>) },
    {
      id: 'runs',
      label: 'Runs under way',
      numeric: true,
      tight: true,
      cell: ({ version, unfinishedRuns }) =>
        unfinishedRuns === 0 ? (
          <span class="quiet">0</span>
        ) : (
          <a href={hrefOf(`workflows/${id}/runs`, { version, status: 'waiting,running,queued' })}>{numberWords(unfinishedRuns)}</a>
        ),
    },
    {
      id: 'actions',
      label: 'Actions',
      unnamed: true,
      tight: true,
      narrow: 'corner',
      cell: (version) => <MenuButton label={`Actions of version ${version.version}`} items={() => menuOf(version)} />,
    },
  ];
}

interface ComparisonProps {
  workflow: WorkflowDetail;
  versions: readonly Version[];
  go: (changes: Record<string, string>) => void;
}

/** What is other between any two; first of all what publishing the draft would change. */
function Comparison({ workflow: { id, module }, versions, go }: ComparisonProps): VNode {
  const { query } = usePlace();
  const catalog = useCatalog();
  const newest = String(versions[0]?.version);
  const [from, to] = [query.get('from') ?? newest, query.get('to') ?? 'draft'];
  const diff = useAsk<Diff>(`workflows/${id}/diff`, { query: { from, to } });
  const known = new Set([...versions.map(({ version }) => String(version)), ...[from, to].filter((side) => side !== 'draft')]);
  const sides = [{ value: 'draft', label: 'Draft' }, ...[...known].map((version) => ({ value: version, label: `v${version}` }))];
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
      {diff.error && <ErrorPanel error={diff.error.body} />}
      {!diff.data && !diff.error && <Skeleton what="the difference" rows={3} />}
      {diff.data && <DiffView diff={diff.data} catalog={catalog} module={module} />}
    </Panel>
  );
}
