import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useCatalog, useMay } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import type { EventDetail } from '../../api/types.js';
import { actorWords, eventWords } from '../../model/actor-words.js';
import { hrefOf } from '../../model/route.js';
import { listWords, nameWords } from '../../model/words.js';
import { CauseChain } from '../../parts/runs/cause-chain.js';
import { RecordName } from '../../parts/runs/record-name.js';
import { ChangesTable } from '../../parts/why/changes-table.js';
import { Verdict } from '../../parts/why/ladder.js';
import { Button } from '../../ui/button.js';
import { JsonView } from '../../ui/json-view.js';
import { Page, Panel } from '../../ui/page.js';
import { PendingPage } from '../../ui/pending.js';
import { ErrorPanel } from '../../ui/states.js';
import { Status } from '../../ui/status.js';
import { Time, Told } from '../../ui/time.js';
import { ReplayDialog } from './replay-dialog.js';

const BACK = { href: 'why', label: 'Why?' };

/** One event: what it carried, and what each workflow made of it. */
export function EventPage({ id }: { id: string }): VNode {
  const catalog = useCatalog();
  const mayOperate = useMay('operate');
  const [isReplaying, setReplaying] = useState(false);
  const asked = useAsk<EventDetail>(`events/${id}`, { keep: false, every: (event) => (event?.routedAt === null ? 2_000 : false) });
  const event = asked.data;
  if (asked.error?.status === 404 || !event) {
    return (
      <PendingPage
        asked={asked}
        thing="event"
        back={BACK}
        missing="There is no event of this id in this workspace"
        hint="Events are kept for a while, and then removed."
      />
    );
  }
  const { module, recordId, changes, record, previous, trigger, cut, cause, runs, error } = event;
  return (
    <Page
      title={eventWords(event, catalog)}
      back={
        module !== null && recordId !== null
          ? { href: hrefOf('why', { module, id: recordId }), label: 'What happened to the record' }
          : BACK
      }
      sub={
        <>
          <span class="head-facts">
            <RecordName module={module} recordId={recordId} />
            <span>by {actorWords(event.actor)}</span>
            <span>came in by {nameWords(event.source).toLowerCase()}</span>
            <Time at={event.occurredAt} inline />
          </span>
          {cause && <CauseChain cause={cause} last="this event" />}
        </>
      }
      actions={
        mayOperate && (
          <Button icon="retry" onClick={() => setReplaying(true)}>
            Replay …
          </Button>
        )
      }
    >
      {error && <ErrorPanel error={error} />}
      <Panel title="What workflows made of it" flush>
        {runs.length === 0 ? (
          <p class="why-note">{event.routedAt === null ? 'No workflow has looked at it yet.' : 'No workflow listened to it.'}</p>
        ) : (
          runs.map((run) => (
            <Verdict key={run.id} eventId={id} workflowId={run.workflowId} module={module}>
              <Status status={run.status} />
              <b>{run.workflowName ?? 'Deleted workflow'}</b>
              <span class="verdict-summary">
                <Told text={run.summary} />
              </span>
            </Verdict>
          ))
        )}
      </Panel>
      {changes && Object.keys(changes).length > 0 && (
        <Panel title="What changed">
          <ChangesTable changes={changes} module={module} />
        </Panel>
      )}
      {trigger && (
        <Panel title="What it was started with">
          <JsonView value={trigger} label="what it was started with" />
        </Panel>
      )}
      {record && (
        <Panel title="The record as it carried it">
          <div class="stack">
            {cut && <p class="quiet">Cut, because the event was too large: {listWords(cut)}.</p>}
            <JsonView value={record} label="the record" />
          </div>
        </Panel>
      )}
      {previous && (
        <Panel title="The record before">
          <JsonView value={previous} label="the record before" />
        </Panel>
      )}
      {isReplaying && <ReplayDialog eventId={id} onClose={() => setReplaying(false)} />}
    </Page>
  );
}
