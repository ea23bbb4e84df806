import type { VNode } from 'preact';
import { call } from '../../api/client.js';
import { forget } from '../../api/query.js';
import { countWords, numberWords } from '../../model/words.js';
import { ActionDialog } from '../../parts/dialogs/action-dialog.js';
import { usePreview } from '../../parts/dialogs/use-preview.js';
import { Icon } from '../../ui/icon.js';
import { toast } from '../../ui/live.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';
import type { MachineDetail, Migration } from './types.js';

/** Says what has become of instances on earlier versions. */
export function tellMigration({ version, migrated, staying, left }: Migration): void {
  const stays = staying.reduce((sum, { instances }) => sum + instances, 0);
  const told = [
    ...(stays > 0 ? [`${numberWords(stays)} stay on their version, which alone has their states.`] : []),
    ...(left > 0 ? [`${numberWords(left)} are left: a transition of theirs is under way. Take them over again later.`] : []),
  ];
  toast(`${countWords(migrated, 'instance')} went over to v${version}.`, told.length > 0 ? { detail: told.join(' ') } : {});
}

/** Those that stay on their version, since the new one does not have their state. */
export function Staying({ staying }: Pick<Migration, 'staying'>): VNode | null {
  if (staying.length === 0) return null;
  return (
    <ul class="plain-list">
      {staying.map(({ version, state, instances }) => (
        <li key={`${version} ${state}`} class="tone-warn">
          <Icon name="warning" />
          <span>
            {countWords(instances, 'instance')} in {state} {instances === 1 ? 'stays' : 'stay'} on v{version}: the new version has no such
            state.
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Takes instances over to the published version, after saying which. */
export function MigrateDialog({ machine: { id, version }, onClose }: { machine: MachineDetail; onClose: () => void }): VNode {
  const migrate = (body: { dryRun?: boolean }): Promise<Migration> => call<Migration>('POST', `machines/${id}/migrate`, { body });
  const { preview, error } = usePreview('', () => migrate({ dryRun: true }));
  return (
    <ActionDialog
      title={`Take instances over to v${version}`}
      keep="Leave them"
      verb={`Take ${preview ? countWords(preview.migrated, 'instance') : 'them'} over`}
      blocked={preview === null ? 'It is being counted' : preview.migrated === 0 ? 'There is none to take over' : null}
      act={() => migrate({})}
      onDone={(done) => {
        tellMigration(done);
        void forget('machines', 'instances');
      }}
      onClose={onClose}
    >
      <p>
        They stay in their states, and go on by the published version. Their timeouts are the new ones, counted from entering the state.
      </p>
      {error && <ErrorPanel error={error} />}
      {preview === null && !error && <Skeleton what="which would go over" rows={2} />}
      {preview && (
        <>
          <p class="bulk-count">
            <strong class="numbers">{numberWords(preview.migrated)}</strong> would go over.
          </p>
          {preview.left > 0 && <p>{countWords(preview.left, 'instance')} would be left: a transition is under way.</p>}
          <Staying staying={preview.staying} />
        </>
      )}
    </ActionDialog>
  );
}
