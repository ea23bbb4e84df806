import './machines.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useCatalog, useMay } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import { moduleOfMachine } from '../../model/machine.js';
import { changedQuery, hrefOf } from '../../model/route.js';
import { countWords, numberWords } from '../../model/words.js';
import { MachineDiff } from '../../parts/machines/machine-diff.js';
import { Button } from '../../ui/button.js';
import { Select } from '../../ui/field.js';
import { navigate, usePlace } from '../../ui/location.js';
import { Page, Panel } from '../../ui/page.js';
import { EmptyState, ErrorPanel, Skeleton } from '../../ui/states.js';
import { Mark } from '../../ui/status.js';
import { type Column, Table } from '../../ui/table.js';
import { Time } from '../../ui/time.js';
import { MACHINES } from './back.js';
import { MigrateDialog } from './migration.js';
import { PublishDialog } from './publish-dialog.js';
import { MachineTabs } from './tabs.js';
import type { Diff, MachineDetail, MachineVersion } from './types.js';

/** Every published version of a machine, what is other between two of them, and how many instances are on each. */
export function MachineVersions({ id }: { id: string }): VNode {
  const machine = useAsk<MachineDetail>(`machines/${id}`, { keep: false });
  const versions = useAsk<{ items: MachineVersion[] }>(`machines/${id}/versions`, { query: { limit: 100 } });
  const mayManage = useMay('manage');
  const [dialog, setDialog] = useState<{ kind: 'again'; version: number } | { kind: 'migrate' } | null>(null);
  const items = versions.data?.items ?? [];
  const instancesOn = (version: number): number =>
    (machine.data?.states ?? []).filter((one) => one.version === version).reduce((sum, { instances }) => sum + instances, 0);
  const isBehind = items.some(({ version, isPublished }) => !isPublished && instancesOn(version) > 0);
  const columns: Column<MachineVersion>[] = [
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
    { id: 'instances', label: 'Instances on it', numeric: true, cell: ({ version }) => numberWords(instancesOn(version)) },
    {
      id: 'actions',
      label: 'Actions',
      unnamed: true,
      tight: true,
      cell: ({ version, isPublished }) =>
        mayManage && !isPublished ? (
          <Button small onClick={() => setDialog({ kind: 'again', version })}>
            Publish again …
          </Button>
        ) : null,
    },
  ];
  return (
    <Page
      title={machine.data?.name ?? 'Versions'}
      back={MACHINES}
      sub={versions.data && countWords(items.length, 'version')}
      actions={
        mayManage &&
        isBehind && (
          <Button icon="skip" onClick={() => setDialog({ kind: 'migrate' })}>
            Take instances over to v{machine.data?.version} …
          </Button>
        )
      }
    >
      <MachineTabs id={id} current="versions" />
      {versions.error && <ErrorPanel error={versions.error.body} retry={() => void versions.refetch()} />}
      {!versions.data && !versions.error && <Skeleton what="versions" />}
      {versions.data && items.length === 0 && (
        <EmptyState icon="flag" title="Nothing is published yet">
          <span>Publishing makes the first version. Instances stay on the version that they have begun with.</span>
        </EmptyState>
      )}
      {items.length > 0 && (
        <>
          <div class="card">
            <Table caption="Versions, newest first" columns={columns} rows={items} keyOf={({ version }) => String(version)} />
          </div>
          <Comparison id={id} versions={items} module={moduleOfMachine(machine.data?.definition.for)} />
        </>
      )}
      {dialog?.kind === 'again' && (
        <PublishDialog id={id} fromVersion={dialog.version} onPublished={() => setDialog(null)} onClose={() => setDialog(null)} />
      )}
      {dialog?.kind === 'migrate' && machine.data && <MigrateDialog machine={machine.data} onClose={() => setDialog(null)} />}
    </Page>
  );
}

function Comparison({ id, versions, module }: { id: string; versions: readonly MachineVersion[]; module: string | null }): VNode {
  const { query, segments } = usePlace();
  const catalog = useCatalog();
  const from = query.get('from') ?? String(versions[0]?.version ?? 'published');
  const to = query.get('to') ?? 'draft';
  const diff = useAsk<Diff>(`machines/${id}/diff`, { query: { from, to } });
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
      {diff.data && <MachineDiff diff={diff.data} catalog={catalog} module={module} />}
    </Panel>
  );
}
