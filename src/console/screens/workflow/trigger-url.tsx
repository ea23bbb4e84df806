import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Actor } from '../../../core/event.js';
import { call } from '../../api/client.js';
import { forget, useAsk } from '../../api/query.js';
import { actorWords } from '../../model/actor-words.js';
import { ActionDialog } from '../../parts/dialogs/action-dialog.js';
import { Button } from '../../ui/button.js';
import { Choices, Field, NoteField } from '../../ui/field.js';
import { copy } from '../../ui/json-view.js';
import { toastError } from '../../ui/live.js';
import { Panel } from '../../ui/page.js';
import { Pending } from '../../ui/pending.js';
import { Banner } from '../../ui/states.js';
import { Time } from '../../ui/time.js';
import type { WorkflowDetail } from '../editor/types.js';

interface ShownToken {
  id: string;
  createdAt: string;
  createdBy: Actor;
  validUntil: string | null;
  isValid: boolean;
  lastUsedAt: string | null;
  lastUsedFrom: string | null;
}

interface MadeUrl {
  url: string | null;
  path: string;
  oldValidUntil: string | null;
}

/** The URL that starts a workflow: who made it, when it was used, and another in its place. */
export function TriggerUrl({ workflow: { id }, isReadOnly }: { workflow: WorkflowDetail; isReadOnly: boolean }): VNode {
  const asked = useAsk<{ current: ShownToken | null; old: ShownToken[] }>(`workflows/${id}/trigger-url`, { every: 30_000 });
  const [made, setMade] = useState<MadeUrl | null>(null);
  const [isReplacing, setReplacing] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const take = (url: MadeUrl): void => {
    setMade(url);
    void forget(`workflows/${id}/trigger-url`);
  };
  const make = async (): Promise<void> => {
    setBusy(true);
    try {
      take(await makeUrl(id, {}));
    } catch (error) {
      toastError('The URL could not be made', error);
    } finally {
      setBusy(false);
    }
  };
  if (asked.data === undefined) {
    return (
      <Panel title="Trigger URL">
        <Pending asked={asked} what="the trigger URL" rows={2} />
      </Panel>
    );
  }
  const { current, old } = asked.data;
  const ending = old.filter(({ isValid }) => isValid);
  return (
    <Panel
      title="Trigger URL"
      aside={
        !isReadOnly &&
        current && (
          <Button small icon="refresh" onClick={() => setReplacing(true)}>
            Make another …
          </Button>
        )
      }
    >
      <div class="stack">
        {made && <Made made={made} />}
        {current ? (
          <p>
            Made by {actorWords(current.createdBy)}, <Time at={current.createdAt} inline />. <Used token={current} />
          </p>
        ) : (
          <>
            <p>It has no URL yet: nothing can start it.</p>
            {!isReadOnly && (
              <span>
                <Button kind="primary" icon="link" busy={isBusy} onClick={() => void make()}>
                  Make the URL
                </Button>
              </span>
            )}
          </>
        )}
        {current && made === null && (
          <p class="quiet">The URL itself was shown once, when it was made: what is kept recognises it, and cannot tell it.</p>
        )}
        {ending.map((token) => (
          <p key={token.id}>
            An old one goes on until <Time at={token.validUntil ?? ''} inline />. <Used token={token} />
          </p>
        ))}
      </div>
      {isReplacing && <ReplaceDialog id={id} onMade={take} onClose={() => setReplacing(false)} />}
    </Panel>
  );
}

function Used({ token: { lastUsedAt, lastUsedFrom } }: { token: ShownToken }): VNode {
  if (lastUsedAt === null) return <>Nobody has used it yet.</>;
  return (
    <>
      Last used <Time at={lastUsedAt} inline />
      {lastUsedFrom !== null && (
        <>
          {' '}
          from <code>{lastUsedFrom}</code>
        </>
      )}
      .
    </>
  );
}

/** The only time that anybody sees it. */
function Made({ made: { url, path } }: { made: MadeUrl }): VNode {
  return (
    <Banner tone="ok" icon="link">
      <strong>Copy it now: it is shown this once</strong>
      <Field
        label="URL"
        hint={
          url === null
            ? 'Below the address of the application, which it was not told (publicUrl).'
            : 'Whoever has it can start the workflow.'
        }
      >
        {(told) => (
          <span class="made-url">
            <input {...told} class="input mono" readOnly value={url ?? path} onFocus={(event) => event.currentTarget.select()} />
            <Button icon="copy" onClick={() => void copy(url ?? path)}>
              Copy
            </Button>
          </span>
        )}
      </Field>
    </Banner>
  );
}

type Grace = 'none' | 'PT1H' | 'P1D' | 'P7D';

function makeUrl(id: string, body: { grace?: string; note?: string | null }): Promise<MadeUrl> {
  return call<MadeUrl>('POST', `workflows/${id}/rotate-token`, { body });
}

function ReplaceDialog({ id, onMade, onClose }: { id: string; onMade: (made: MadeUrl) => void; onClose: () => void }): VNode {
  const [grace, setGrace] = useState<Grace>('P1D');
  const [note, setNote] = useState('');
  return (
    <ActionDialog
      title="Make another trigger URL"
      keep="Keep this one"
      verb="Make another"
      icon="refresh"
      danger={grace === 'none'}
      act={() => makeUrl(id, { ...(grace !== 'none' && { grace }), note: note.trim() || null })}
      onDone={onMade}
      onClose={onClose}
    >
      <Choices<Grace>
        legend="The URL until now"
        value={grace}
        onChange={setGrace}
        options={[
          { value: 'P1D', label: 'Goes on for a day', hint: 'Time to give the new one to whoever calls it.' },
          { value: 'P7D', label: 'Goes on for a week' },
          { value: 'PT1H', label: 'Goes on for an hour' },
          { value: 'none', label: 'Ends at once', hint: 'When somebody has it who should not. Calls of it are refused from now on.' },
        ]}
      />
      <NoteField hint="Kept in the audit." value={note} onChange={setNote} />
    </ActionDialog>
  );
}
