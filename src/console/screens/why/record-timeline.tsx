import type { VNode } from 'preact';
import { useCatalog } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import type { Timeline, TimelineAuthor, TimelineChange, TimelineEvent, WorkflowPage } from '../../api/types.js';
import { actorWords, eventWords } from '../../model/actor-words.js';
import { moduleOf } from '../../model/catalog.js';
import { fieldWords, stepKindWords } from '../../model/definition-words.js';
import { changedQuery, hrefOf } from '../../model/route.js';
import { shownValue } from '../../model/shown-value.js';
import { countWords, nameWords } from '../../model/words.js';
import { Verdict } from '../../parts/why/ladder.js';
import { Button } from '../../ui/button.js';
import { Select } from '../../ui/field.js';
import { Icon } from '../../ui/icon.js';
import { navigate, usePlace } from '../../ui/location.js';
import { Pending } from '../../ui/pending.js';
import { EmptyState, ErrorPanel } from '../../ui/states.js';
import { Status } from '../../ui/status.js';
import { Time, Told, useZone } from '../../ui/time.js';

interface RecordTimelineProps {
  module: string;
  id: string;
  /** The one workflow that is asked about. */
  workflowId: string | null;
}

/** What happened to one record, newest first, and what workflows made of each. */
export function RecordTimeline({ module, id, workflowId }: RecordTimelineProps): VNode {
  const { query } = usePlace();
  const catalog = useCatalog();
  const cursor = query.get('cursor');
  const path = `records/${encodeURIComponent(module)}/${encodeURIComponent(id)}/timeline`;
  const asked = useAsk<Timeline>(path, { query: { workflowId, cursor, limit: 20 }, every: cursor === null ? 10_000 : false });
  const workflows = useAsk<WorkflowPage>('workflows', { query: { limit: 100, sort: 'name' }, fresh: 60_000 });
  const go = (changes: Record<string, string | null>): void => navigate(hrefOf('why', changedQuery(query, changes)));
  if (!asked.data) {
    return <Pending asked={asked} what="what happened" />;
  }
  const { record, items, nextCursor, nothing, eventsKeptSince } = asked.data;
  return (
    <>
      <div class="why-record">
        <div>
          <h2>
            {record.title ?? record.id} {record.url !== null && <RecordLink url={record.url} />}
          </h2>
          <p class="quiet">
            <span class="record-module">{moduleOf(catalog, module)?.singular ?? module}</span> <span class="mono">{record.id}</span>
          </p>
        </div>
        <div class="row">
          <Select
            label="About which workflow"
            value={workflowId ?? ''}
            options={[
              { value: '', label: 'About all workflows' },
              ...(workflows.data?.items ?? []).map((workflow) => ({ value: workflow.id, label: `About “${workflow.name}”` })),
            ]}
            onChange={(workflow) => go({ workflow, cursor: null })}
          />
        </div>
      </div>
      {items.length === 0 ? (
        <div class="card">
          <EmptyState icon="search" title="Nothing is known to have happened to it">
            <span>{nothing}</span>
          </EmptyState>
        </div>
      ) : (
        <ul class="timeline">
          {items.map((item) => (
            <li key={item.kind === 'event' ? item.event.id : `${item.by.runId} ${item.by.path} ${item.at}`}>
              {item.kind === 'event' ? <Happening item={item} workflowId={workflowId} /> : <Change item={item} module={module} />}
            </li>
          ))}
        </ul>
      )}
      <p class="row quiet">
        <span>
          Events are kept since <Time at={eventsKeptSince} inline />.
        </span>
        {cursor !== null && (
          <Button small icon="up" onClick={() => go({ cursor: null })}>
            Newest
          </Button>
        )}
        {nextCursor !== null && (
          <Button small icon="down" onClick={() => go({ cursor: nextCursor })}>
            What was before
          </Button>
        )}
      </p>
    </>
  );
}

function RecordLink({ url }: { url: string }): VNode {
  return (
    <a class="row nowrap" href={url} target="_top">
      <small>in the CRM</small> <Icon name="external" size={12} />
    </a>
  );
}

function Happening({ item, workflowId }: { item: TimelineEvent; workflowId: string | null }): VNode {
  const catalog = useCatalog();
  const { event, changes, by, looks, moreLooks, inactive, silent } = item;
  const ladder = { eventId: event.id, module: event.module };
  const isAnswered = looks.some((look) => look.workflowId === workflowId) || inactive.some((one) => one.workflowId === workflowId);
  return (
    <>
      <header class="happening-head">
        <h3>
          <a href={`events/${event.id}`}>{eventWords(event, catalog)}</a>
        </h3>
        <span class="quiet">
          by {by ? <Author by={by} /> : actorWords(event.actor)}, came in by {nameWords(event.source).toLowerCase()}
        </span>
        <span class="happening-time">
          <Time at={item.at} inline />
        </span>
      </header>
      <Changes changes={changes} module={event.module} />
      {event.error && <ErrorPanel error={event.error} />}
      {looks.map((look) => (
        <Verdict
          key={`${look.id} ${workflowId}`}
          {...ladder}
          workflowId={look.workflowId}
          isOpen={look.workflowId === workflowId && look.status === 'skipped'}
        >
          <Status status={look.status} />
          <b>{look.workflowName ?? 'Deleted workflow'}</b>
          <span class="verdict-summary">
            <Told text={look.summary} />
          </span>
        </Verdict>
      ))}
      {inactive.map((one) => (
        <Verdict key={`${one.workflowId} ${workflowId}`} {...ladder} workflowId={one.workflowId} isOpen={one.workflowId === workflowId}>
          <Status
            status={one.was === 'paused' || one.was === 'archived' || one.was === 'draft' ? one.was : 'abandoned'}
            word={WAS[one.was]}
          />
          <b>{one.workflowName}</b>
          <span class="verdict-summary">
            <Told text={one.summary} />
          </span>
        </Verdict>
      ))}
      {workflowId !== null && !isAnswered && (
        <Verdict {...ladder} workflowId={workflowId}>
          <Status status="skipped" word="Not concerned" />
          <span class="verdict-summary">Why not?</span>
        </Verdict>
      )}
      {(moreLooks > 0 || (silent ?? 0) > 0 || event.routedAt === null) && (
        <p class="happening-foot">
          {event.routedAt === null && <span>No workflow has looked at it yet.</span>}
          {moreLooks > 0 && <a href={`events/${event.id}`}>{countWords(moreLooks, 'more workflow')}</a>}
          {silent !== null && silent > 0 && (
            <span>
              {silent === 1 ? 'One active workflow listens' : `${silent} active workflows listen`} to something else. Choose one above to
              see why.
            </span>
          )}
        </p>
      )}
    </>
  );
}

const WAS: Readonly<Record<string, string>> = {
  paused: 'Was paused',
  draft: 'Was a draft',
  archived: 'Was archived',
  deleted: 'Was deleted',
  unborn: 'Came later',
};

function Change({ item: { by, type, changes, at }, module }: { item: TimelineChange; module: string }): VNode {
  const catalog = useCatalog();
  return (
    <>
      <header class="happening-head">
        <h3>{stepKindWords(type, catalog)}</h3>
        <span class="quiet">
          by <Author by={by} />
        </span>
        <span class="happening-time">
          <Time at={at} inline />
        </span>
      </header>
      <Changes changes={changes} module={module} />
    </>
  );
}

function Author({ by: { runId, path, workflowName } }: { by: TimelineAuthor }): VNode {
  return <a href={hrefOf(`runs/${runId}`, { step: path })}>{workflowName ?? 'a deleted workflow'}</a>;
}

function Changes({ changes, module }: { changes: TimelineEvent['changes']; module: string | null }): VNode | null {
  const catalog = useCatalog();
  const zone = useZone();
  const entries = Object.entries(changes ?? {});
  if (entries.length === 0) return null;
  return (
    <p class="happening-changes">
      {entries.slice(0, 8).map(([field, { from, to }]) => (
        <span key={field}>
          {fieldWords(field, module, catalog)}: {shownValue(from, zone)} <Icon name="arrow" size={12} /> <b>{shownValue(to, zone)}</b>
        </span>
      ))}
      {entries.length > 8 && <span>{countWords(entries.length - 8, 'more field')}</span>}
    </p>
  );
}
