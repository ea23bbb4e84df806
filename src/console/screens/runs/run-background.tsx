import type { VNode } from 'preact';
import { useCatalog } from '../../api/me.js';
import type { RunDetail } from '../../api/types.js';
import { actorWords, eventWords } from '../../model/actor-words.js';
import { nearestMissWords } from '../../model/nearest-miss-words.js';
import { ChangesTable } from '../../parts/why/changes-table.js';
import { ExplanationView } from '../../parts/why/explanation-view.js';
import { Disclosure } from '../../ui/disclosure.js';
import { JsonView } from '../../ui/json-view.js';
import { Panel } from '../../ui/page.js';
import { Status } from '../../ui/status.js';
import { Time, Told } from '../../ui/time.js';

/** What led to a run, and what people did with it. */
export function Background({ run, hasConditions }: { run: RunDetail; hasConditions: boolean }): VNode {
  const catalog = useCatalog();
  const { event, retries, children } = run;
  return (
    <div class="run-background">
      {event && (
        <Panel title="What started it" aside={<a href={`events/${event.id}`}>The event, and what others made of it</a>}>
          <div class="stack">
            <p>
              {eventWords(event, catalog)} by {actorWords(event.actor)}, <Time at={event.occurredAt} inline />
            </p>
            {event.changes && Object.keys(event.changes).length > 0 && <ChangesTable changes={event.changes} module={event.module} />}
            {event.trigger && <JsonView value={event.trigger} label="what it was started with" root="trigger" />}
            {event.record && (
              <Disclosure summary="The record as it was then">
                <JsonView value={event.record} label="the record" root="record" />
              </Disclosure>
            )}
          </div>
        </Panel>
      )}
      {hasConditions && run.explanation && <Conditions run={run} />}
      {retries.length > 0 && (
        <Panel title="Retries">
          <ul class="history">
            {retries.map(({ at, by, from, newRunId, reason }) => (
              <li key={at}>
                <b>{actorWords(by)}</b> {from === 'start' ? 'from the start' : 'from the failed step'}
                {newRunId && (
                  <>
                    {' '}
                    (<a href={`runs/${newRunId}`}>its run</a>)
                  </>
                )}
                {reason && `: ${reason}`}
                <span class="cell-sub">
                  <Time at={at} inline />
                </span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {children.length > 0 && (
        <Panel title="Runs that it started">
          <ul class="history">
            {children.map((child) => (
              <li key={child.id} class="row">
                <Status status={child.status} />
                <a href={`runs/${child.id}`}>{child.workflowName ?? 'Deleted workflow'}</a>
                <span class="quiet">
                  <Told text={child.summary} />
                </span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </div>
  );
}

/** The conditions of the workflow as they were asked for this run. */
export function Conditions({ run: { explanation, module } }: { run: RunDetail }): VNode {
  const catalog = useCatalog();
  return (
    <Panel title="Conditions">
      {explanation === null ? (
        <p class="quiet">None were asked.</p>
      ) : 'rule' in explanation ? (
        <p>They do not matter: {explanation.rule}</p>
      ) : (
        <div class="stack">
          {!explanation.result && <p>{nearestMissWords(explanation, module, catalog)}</p>}
          <ExplanationView explanation={explanation} module={module} />
        </div>
      )}
    </Panel>
  );
}
