import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { useCatalog } from '../../api/me.js';
import { moduleOfMachine } from '../../model/machine.js';
import { boundedCount } from '../../model/run-filter.js';
import { countWords, numberWords } from '../../model/words.js';
import { MachineDiff } from '../../parts/machines/machine-diff.js';
import { type Publication, PublishDialog as Publishing } from '../../parts/publish/publish-dialog.js';
import { Staying, tellMigration } from './migration.js';
import type { MachineItem, PublishedMachine, PublishPreview } from './types.js';

const WORDS = { on: 'enabled', off: 'disabled', turnOn: 'enable' };

interface PublishDialogProps {
  machine: MachineItem;
  /** An earlier version that is published again. */
  fromVersion?: number;
  /** Called with the path of a problem that is to be mended. */
  onProblem?: (path: string) => void;
  onPublished: (machine: PublishedMachine) => void;
  onClose: () => void;
}

/** Publishes a machine, after saying what that changes and means, and which instances go over to it. */
export function PublishDialog({ machine, fromVersion, onProblem, onPublished, onClose }: PublishDialogProps): VNode {
  const { id, name, status } = machine;
  const catalog = useCatalog();
  const [migration, setMigration] = useState<PublishPreview['migration']>(null);
  const [migrates, setMigrates] = useState(false);
  const load = async (): Promise<Publication> => {
    const preview = await call<PublishPreview>('GET', `machines/${id}/publish-preview`, { query: { fromVersion } });
    const { diff, base, inFlight, missedTimeouts } = preview;
    setMigration(base === null ? null : preview.migration);
    return {
      ...preview,
      isOn: status === 'active',
      diff: diff && <MachineDiff diff={diff} catalog={catalog} module={moduleOfMachine(machine.for ?? undefined)} />,
      meaning: [...inFlight.map(stayingOn), ...missed(missedTimeouts)],
    };
  };
  return (
    <Publishing<PublishedMachine>
      kind="machines"
      id={id}
      name={name}
      fromVersion={fromVersion}
      onProblem={onProblem}
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

type Meaning = Publication['meaning'][number];

function stayingOn({ version, instances }: PublishPreview['inFlight'][number]): Meaning {
  return {
    icon: 'machine',
    words: `${countWords(instances, 'instance')} on the way ${instances === 1 ? 'goes' : 'go'} on by v${version}, unless taken over.`,
  };
}

function missed({ count, isExact }: PublishPreview['missedTimeouts']): Meaning[] {
  if (count === 0) return [];
  const many = `${boundedCount(count, isExact)} ${count === 1 ? 'timeout that was' : 'timeouts that were'} missed`;
  return [{ icon: 'clock', words: `Enabling it with this fires ${many}. To begin them anew, stay disabled and use its switch.` }];
}
