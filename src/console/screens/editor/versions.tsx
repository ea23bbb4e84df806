import './editor.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useCatalog, useMay } from '../../api/me.js';
import { forget, useAsk } from '../../api/query.js';
import { changedQuery, hrefOf } from '../../model/route.js';
import { countWords } from '../../model/words.js';
import { DiffView } from '../../parts/diff/diff-view.js';
import { Button } from '../../ui/button.js';
import { Select } from '../../ui/field.js';
import { navigate, usePlace } from '../../ui/location.js';
import { Page, Panel } from '../../ui/page.js';
import { EmptyState, ErrorPanel, Skeleton } from '../../ui/states.js';
import { Mark } from '../../ui/status.js';
import { type Column, Table } from '../../ui/table.js';
import { Time } from '../../ui/time.js';
import { PublishDialog } from './publish-dialog.js';
import { WorkflowTabs } from './tabs.js';
import type { Diff, Version, WorkflowDetail } from './types.js';

/** Every published version, and what is other between two of them. */
export function Versions({ id }: { id: string }): VNode {
  const workflow = useAsk<WorkflowDetail>(`workflows/${id}`, { keep: false });
  const versions = useAsk<{ items: Version[]; nextCursor: number | null }>(`workflows/${id}/versions`, { query: { limit: 100 } });
  const catalog = useCatalog();
  const mayPublish = useMay('manage');
  const [again, setAgain] = useState<number | null>(null);
  const title = workflow.data?.name ?? 'Versions';
  const columns: Column<Version>[] = [
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
    { id: 'when', label: 'When', cell: ({ publishedAt }) => <Time at={publishedAt} /> },
    { id: 'who', label: 'Who', cell: ({ publishedBy }) => publishedBy.name ?? publishedBy.id ?? publishedBy.type },
    { id: 'note', label: 'Note', cell: ({ note }) => note ?? <span class="quiet">–</span> },
    { id: 'runs', label: 'Runs under way', numeric: true, cell: ({ unfinishedRuns }) => unfinishedRuns },
    {
      id: 'actions',
      label: 'Actions',
      unnamed: true,
      tight: true,
      cell: ({ version, isPublished }) =>
        mayPublish && !isPublished ? (
          <Button small onClick={() => setAgain(version)}>
            Publish again …
          </Button>
        ) : null,
    },
  ];
  const items = versions.data?.items ?? [];
  return (
    <Page title={title} back={{ href: 'workflows', label: 'Workflows' }} sub={versions.data && countWords(items.length, 'version')}>
      <WorkflowTabs id={id} current="versions" />
      {versions.error && <ErrorPanel error={versions.error.body} retry={() => void versions.refetch()} />}
      {!versions.data && !versions.error && <Skeleton what="versions" />}
      {versions.data && items.length === 0 && (
        <EmptyState icon="flag" title="Nothing is published yet">
          <span>Publishing makes the first version. Runs stay on the version that they have started with.</span>
        </EmptyState>
      )}
      {items.length > 0 && (
        <>
          <div class="card">
            <Table caption="Versions, newest first" columns={columns} rows={items} keyOf={({ version }) => String(version)} />
          </div>
          <Comparison id={id} versions={items} module={workflow.data?.module ?? null} />
        </>
      )}
      {again !== null && workflow.data && catalog && (
        <PublishDialog
          workflow={workflow.data}
          catalog={catalog}
          fromVersion={again}
          onPublished={() => {
            setAgain(null);
            void forget(`workflows/${id}`);
          }}
          onClose={() => setAgain(null)}
        />
      )}
    </Page>
  );
}

function Comparison({ id, versions, module }: { id: string; versions: readonly Version[]; module: string | null }): VNode {
  const { query, segments } = usePlace();
  const catalog = useCatalog();
  const from = query.get('from') ?? String(versions[0]?.version ?? 'published');
  const to = query.get('to') ?? 'draft';
  const diff = useAsk<Diff>(`workflows/${id}/diff`, { query: { from, to } });
  const sides = [{ value: 'draft', label: 'Draft' }, ...versions.map(({ version }) => ({ value: String(version), label: `v${version}` }))];
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
      {diff.error && <ErrorPanel error={diff.error.body} />}
      {!diff.data && !diff.error && <Skeleton what="the difference" rows={3} />}
      {diff.data && <DiffView diff={diff.data} catalog={catalog} module={module} />}
    </Panel>
  );
}
