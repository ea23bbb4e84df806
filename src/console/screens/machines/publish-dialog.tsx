import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, type ErrorBody, errorBodyOf } from '../../api/client.js';
import { useCatalog } from '../../api/me.js';
import { forget } from '../../api/query.js';
import type { WorkflowVersion } from '../../api/types.js';
import { moduleOfMachine } from '../../model/machine.js';
import { countWords, numberWords } from '../../model/words.js';
import { MachineDiff } from '../../parts/machines/machine-diff.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Field } from '../../ui/field.js';
import { Icon } from '../../ui/icon.js';
import { toast } from '../../ui/live.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';
import { Staying, tellMigration, wouldMigrate } from './migration.js';
import type { Diff, MachineDetail, PublishedMachine } from './types.js';

interface PublishDialogProps {
  id: string;
  /** An earlier version that is published again. */
  fromVersion?: number;
  onPublished: (machine: PublishedMachine) => void;
  onClose: () => void;
}

/** What is to be known before it is published. */
interface Known {
  machine: MachineDetail;
  /** Null: it is published for the first time. */
  diff: Diff | null;
  migration: ReturnType<typeof wouldMigrate>;
}

/** What publishing changes and means, before it is done. */
export function PublishDialog({ id, fromVersion, onPublished, onClose }: PublishDialogProps): VNode {
  const [known, setKnown] = useState<Known | null>(null);
  const [error, setError] = useState<ErrorBody | null>(null);
  const [note, setNote] = useState('');
  const [migrates, setMigrates] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const load = async (): Promise<void> => {
    try {
      const machine = await call<MachineDetail>('GET', `machines/${id}`);
      const query = { from: 'published', to: fromVersion ?? 'draft' };
      const [diff, version] = await Promise.all([
        machine.version === null ? null : call<Diff>('GET', `machines/${id}/diff`, { query }),
        fromVersion === undefined ? null : call<WorkflowVersion>('GET', `machines/${id}/versions/${fromVersion}`),
      ]);
      setKnown({ machine, diff, migration: wouldMigrate(machine, version?.definition ?? machine.definition) });
    } catch (failure) {
      setError(errorBodyOf(failure));
    }
  };
  useEffect(() => void load(), []);

  const publish = async (activate: boolean): Promise<void> => {
    if (known === null) return;
    setBusy(true);
    setError(null);
    try {
      const body = {
        ...(fromVersion === undefined ? { revision: known.machine.revision } : { fromVersion }),
        note: note.trim() || null,
        activate,
        migrate: migrates,
      };
      const published = await call<PublishedMachine>('POST', `machines/${id}/publish`, { body });
      void forget('machines', 'instances');
      toast(`Version ${published.version} is published${published.status === 'active' ? ' and enabled' : '; it stays disabled'}.`);
      if (published.migration) tellMigration(published.migration);
      onPublished(published);
    } catch (failure) {
      const told = errorBodyOf(failure);
      // The draft has changed meanwhile: what is shown here is old.
      if (told.code === 'revision_conflict') await load();
      setError(told);
      setBusy(false);
    }
  };

  const machine = known?.machine;
  const problems = fromVersion === undefined ? (machine?.problems ?? []) : [];
  const isEnabled = machine?.status === 'active';
  const next = (machine?.version ?? 0) + 1;
  const blocked = problems.length > 0 ? 'The problems have to be mended first' : null;
  return (
    <Dialog
      title={fromVersion === undefined ? `Publish “${machine?.name ?? ''}”` : `Publish version ${fromVersion} again`}
      wide
      onClose={onClose}
      footer={
        machine && (
          <>
            <Button onClick={onClose}>Leave it</Button>
            {!isEnabled && (
              <Button blocked={blocked} busy={isBusy} onClick={() => void publish(false)}>
                Publish v{next}, stay disabled
              </Button>
            )}
            <Button kind="primary" blocked={blocked} busy={isBusy} onClick={() => void publish(true)}>
              {isEnabled ? `Publish v${next} and keep enabled` : `Publish v${next} and enable`}
            </Button>
          </>
        )
      }
    >
      {error && <ErrorPanel error={error} />}
      {known === null ? (
        !error && <Skeleton what="what publishing would change" rows={4} />
      ) : (
        <>
          {problems.length > 0 && <ErrorPanel error={{ message: `${countWords(problems.length, 'problem')} to mend first`, problems }} />}
          <WhatChanges known={known} />
          <WhatItMeans known={known} isAgain={fromVersion !== undefined} />
          {known.machine.version !== null && known.migration.migrated > 0 && (
            <section class="dialog-part">
              <h3>Instances on the way</h3>
              <label class="check">
                <input type="checkbox" checked={migrates} onChange={(event) => setMigrates(event.currentTarget.checked)} />
                <span>
                  <span class="choice-label">
                    Take {numberWords(known.migration.migrated)} of them over to v{next}
                  </span>
                  <small class="choice-hint">
                    Their timeouts are the new ones then. Without it each goes on by the version that it is on.
                  </small>
                </span>
              </label>
              {migrates && <Staying staying={known.migration.staying} />}
            </section>
          )}
          {blocked === null && (
            <Field label="Note (optional)" hint="Kept with the version: why.">
              {(told) => (
                <textarea
                  {...told}
                  class="textarea"
                  rows={2}
                  maxLength={1000}
                  value={note}
                  onInput={(event) => setNote(event.currentTarget.value)}
                />
              )}
            </Field>
          )}
        </>
      )}
    </Dialog>
  );
}

function WhatChanges({ known: { machine, diff } }: { known: Known }): VNode {
  const catalog = useCatalog();
  return (
    <section class="dialog-part">
      <h3>What changes</h3>
      {diff === null ? (
        <p>It is published for the first time.</p>
      ) : (
        <MachineDiff diff={diff} catalog={catalog} module={moduleOfMachine(machine.definition.for)} />
      )}
    </section>
  );
}

function WhatItMeans({ known: { machine }, isAgain }: { known: Known; isAgain: boolean }): VNode | null {
  const warnings = isAgain ? [] : machine.warnings;
  const isWaking = machine.status === 'paused';
  if (warnings.length === 0 && !isWaking) return null;
  return (
    <section class="dialog-part">
      <h3>What it means</h3>
      <ul class="plain-list">
        {warnings.map(({ path, message, hint }) => (
          <li key={`${path} ${message}`} class="tone-warn">
            <Icon name="warning" />
            <span>
              {message} {hint}
            </span>
          </li>
        ))}
        {isWaking && (
          <li>
            <Icon name="clock" />
            <span>
              Enabling it with this fires the timeouts that were over meanwhile. To begin them anew, stay disabled and use its switch.
            </span>
          </li>
        )}
      </ul>
    </section>
  );
}
