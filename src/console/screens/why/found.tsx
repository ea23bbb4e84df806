import type { VNode } from 'preact';
import { useCatalog } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import type { SearchResult } from '../../api/types.js';
import { eventWords } from '../../model/actor-words.js';
import { moduleOf } from '../../model/catalog.js';
import { hrefOf } from '../../model/route.js';
import { shortId } from '../../model/run-filter.js';
import { Panel } from '../../ui/page.js';
import { Pending } from '../../ui/pending.js';
import { EmptyState } from '../../ui/states.js';
import { Status } from '../../ui/status.js';
import { Time, Told } from '../../ui/time.js';

/** What is behind a text, each with the way to its answer. */
export function Found({ text }: { text: string }): VNode {
  const catalog = useCatalog();
  const asked = useAsk<SearchResult>('search', { query: { q: text }, keep: false });
  if (!asked.data) {
    return <Pending asked={asked} what="what is behind it" />;
  }
  const { run, event, workflows, records, note } = asked.data;
  if (run === null && event === null && workflows.length === 0 && records.length === 0) {
    return (
      <div class="card">
        <EmptyState icon="search" title={`Nothing is known by “${text}”`}>
          <span>{note ?? 'Neither a record nor a run, an event or a workflow of this workspace.'}</span>
        </EmptyState>
      </div>
    );
  }
  return (
    <>
      {records.length > 0 && (
        <Panel title="Records" flush>
          <ul class="found">
            {records.map(({ module, id, title }) => (
              <li key={`${module} ${id}`}>
                <a href={hrefOf('why', { module, id })}>
                  <b>{title ?? shortId(id)}</b>
                </a>
                <span class="quiet">{moduleOf(catalog, module)?.label ?? module}</span>
                <span class="mono quiet">{id}</span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {run !== null && (
        <Panel title="Run" flush>
          <ul class="found">
            <li>
              <Status status={run.status} />
              <a href={`runs/${run.id}`}>
                <b>{run.workflowName ?? 'Run of a deleted workflow'}</b>
              </a>
              <span class="quiet">
                <Told text={run.summary} />
              </span>
            </li>
          </ul>
        </Panel>
      )}
      {event !== null && (
        <Panel title="Event" flush>
          <ul class="found">
            <li>
              <a href={`events/${event.id}`}>
                <b>{eventWords(event, catalog)}</b>
              </a>
              <span class="quiet">
                <Time at={event.occurredAt} inline />
              </span>
            </li>
          </ul>
        </Panel>
      )}
      {workflows.length > 0 && (
        <Panel title="Workflows" flush>
          <ul class="found">
            {workflows.map(({ id, name, code, status }) => (
              <li key={id}>
                <a href={`workflows/${id}`}>
                  <b>{name}</b>
                </a>
                <span class="mono quiet">{code}</span>
                {status !== null && <Status status={status} />}
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {note !== null && <p class="why-note">{note}</p>}
    </>
  );
}
