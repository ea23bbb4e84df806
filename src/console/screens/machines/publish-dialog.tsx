import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { DefinitionDiff } from '../../../core/definition/diff.js';
import { call } from '../../api/client.js';
import { useCatalog } from '../../api/me.js';
import type { WorkflowVersion } from '../../api/types.js';
import { moduleOfMachine } from '../../model/machine.js';
import { numberWords } from '../../model/words.js';
import { MachineDiff } from '../../parts/machines/machine-diff.js';
import { type Publication, PublishDialog as Publishing } from '../../parts/publish/publish-dialog.js';
import { Staying, tellMigration, wouldMigrate } from './migration.js';
import type { MachineDetail, PublishedMachine } from './types.js';

const WORDS = { on: 'enabled', off: 'disabled', turnOn: 'enable' };
const WAKING = 'Enabling it with this fires the timeouts that were over meanwhile. To begin them anew, stay disabled and use its switch.';

interface PublishDialogProps {
  id: string;
  /** An earlier version that is published again. */
  fromVersion?: number;
  onPublished: (machine: PublishedMachine) => void;
  onClose: () => void;
}

/** Publishes a machine, after saying what that changes and means, and which instances go over to it. */
export function PublishDialog({ id, fromVersion, onPublished, onClose }: PublishDialogProps): VNode {
  const catalog = useCatalog();
  const [name, setName] = useState('');
  const [migration, setMigration] = useState<ReturnType<typeof wouldMigrate> | null>(null);
  const [migrates, setMigrates] = useState(false);
  const load = async (): Promise<Publication> => {
    const machine = await call<MachineDetail>('GET', `machines/${id}`);
    const { revision, version: base, status, definition, problems, warnings } = machine;
    const query = { from: 'published', to: fromVersion ?? 'draft' };
    const [diff, again] = await Promise.all([
      base === null ? null : call<DefinitionDiff>('GET', `machines/${id}/diff`, { query }),
      fromVersion === undefined ? null : call<WorkflowVersion>('GET', `machines/${id}/versions/${fromVersion}`),
    ]);
    setName(machine.name);
    setMigration(base === null ? null : wouldMigrate(machine, again?.definition ?? definition));
    return {
      revision,
      base,
      isOn: status === 'active',
      problems: again ? [] : problems,
      warnings: again ? [] : warnings,
      diff: diff && <MachineDiff diff={diff} catalog={catalog} module={moduleOfMachine(definition.for)} />,
      meaning: status === 'paused' ? [{ icon: 'clock', words: WAKING }] : [],
    };
  };
  return (
    <Publishing<PublishedMachine>
      kind="machines"
      id={id}
      name={name}
      fromVersion={fromVersion}
      words={WORDS}
      load={load}
      body={{ migrate: migrates }}
      onPublished={(published) => {
        if (published.migration) tellMigration(published.migration);
        onPublished(published);
      }}
      onClose={onClose}
    >
      {(next) =>
        migration !== null &&
        migration.migrated > 0 && (
          <section class="dialog-part">
            <h3>Instances on the way</h3>
            <label class="check">
              <input type="checkbox" checked={migrates} onChange={(event) => setMigrates(event.currentTarget.checked)} />
              <span>
                <span class="choice-label">
                  Take {numberWords(migration.migrated)} of them over to v{next}
                </span>
                <small class="choice-hint">
                  Their timeouts are the new ones then. Without it each goes on by the version that it is on.
                </small>
              </span>
            </label>
            {migrates && <Staying staying={migration.staying} />}
          </section>
        )
      }
    </Publishing>
  );
}
