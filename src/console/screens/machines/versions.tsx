import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useCatalog, useMay } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import { moduleOfMachine } from '../../model/machine.js';
import { numberWords } from '../../model/words.js';
import { saveDefinition } from '../../parts/definitions/transfer.js';
import { MachineDiff } from '../../parts/machines/machine-diff.js';
import { type Version, VersionList } from '../../parts/versions/version-list.js';
import { Button } from '../../ui/button.js';
import { Page } from '../../ui/page.js';
import { ErrorPanel } from '../../ui/states.js';
import { MACHINES } from './back.js';
import { MigrateDialog } from './migration.js';
import { PublishDialog } from './publish-dialog.js';
import { MachineTabs } from './tabs.js';
import type { MachineDetail } from './types.js';

/** Every published version of a machine, and how many instances are on each. */
export function MachineVersions({ id }: { id: string }): VNode {
  const { data: machine, error, refetch } = useAsk<MachineDetail>(`machines/${id}`, { keep: false });
  const catalog = useCatalog();
  const mayManage = useMay('manage');
  const [dialog, setDialog] = useState<{ kind: 'again'; version: number } | { kind: 'migrate' } | null>(null);
  const instances = new Map<number, number>();
  for (const state of machine?.states ?? []) instances.set(state.version, (instances.get(state.version) ?? 0) + state.instances);
  const isBehind = [...instances].some(([version, count]) => version !== machine?.version && count > 0);
  const module = moduleOfMachine(machine?.definition.for);
  return (
    <Page
      title={machine?.name ?? 'Versions'}
      back={MACHINES}
      actions={
        mayManage &&
        isBehind && (
          <Button icon="skip" onClick={() => setDialog({ kind: 'migrate' })}>
            Take instances over to v{machine?.version} …
          </Button>
        )
      }
    >
      <MachineTabs id={id} current="versions" />
      {error && <ErrorPanel error={error.body} retry={() => void refetch()} />}
      <VersionList<Version>
        path={`machines/${id}`}
        staying="Instances stay on the version that they have begun with."
        on={{
          id: 'instances',
          label: 'Instances on it',
          numeric: true,
          tight: true,
          cell: ({ version }) => numberWords(instances.get(version) ?? 0),
        }}
        onAgain={mayManage ? (version) => setDialog({ kind: 'again', version }) : null}
        more={({ version }) =>
          machine
            ? [{ label: 'Export', icon: 'download', onSelect: () => void saveDefinition({ kind: 'machines', ...machine }, version) }]
            : []
        }
        drawDiff={(diff) => <MachineDiff diff={diff} catalog={catalog} module={module} />}
      />
      {dialog?.kind === 'again' && machine && (
        <PublishDialog machine={machine} fromVersion={dialog.version} onPublished={() => setDialog(null)} onClose={() => setDialog(null)} />
      )}
      {dialog?.kind === 'migrate' && machine && <MigrateDialog machine={machine} onClose={() => setDialog(null)} />}
    </Page>
  );
}
