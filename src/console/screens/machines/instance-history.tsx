import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useAsk } from '../../api/query.js';
import { actorWords } from '../../model/actor-words.js';
import { explanationIn, reasonWords, remarksIn } from '../../model/machine-words.js';
import { changedQuery, hrefOf } from '../../model/route.js';
import { nameWords } from '../../model/words.js';
import { ExplanationView } from '../../parts/why/explanation-view.js';
import { Button } from '../../ui/button.js';
import { Disclosure } from '../../ui/disclosure.js';
import { Select } from '../../ui/field.js';
import { Icon, type IconName } from '../../ui/icon.js';
import { navigate, usePlace } from '../../ui/location.js';
import { Panel } from '../../ui/page.js';
import { Pending } from '../../ui/pending.js';
import type { Tone } from '../../ui/status.js';
import { Time, Took } from '../../ui/time.js';
import type { HistoryItem, HistoryPage } from './types.js';

const SHOWN = 50;
const MOVES = 'created,fired,failed,cancelled,reset,migrated';
const LOOKS: Readonly<Record<HistoryItem['kind'], readonly [icon: IconName, tone: Tone]>> = {
  created: ['flag', 'info'],
  fired: ['check', 'ok'],
  failed: ['cross', 'bad'],
  cancelled: ['dash', 'neutral'],
  not_fired: ['skip', 'skip'],
  reset: ['retry', 'warn'],
  migrated: ['arrow', 'info'],
};

const FIRED_BY: Readonly<Record<string, string>> = {
  manual: 'by hand',
  create: 'taken in',
  event: 'by an event',
  webhook: 'by a call of its URL',
  import: 'by an import',
  export: 'by an export',
  poll: 'by the clock',
  timeout: 'by its timeout',
};

/** What an instance has been through, and what was tried and came to nothing, the newest first. */
export function History({ id, entry, module }: { id: string; entry: number; module: string | null }): VNode {
  const { query, segments } = usePlace();
  const kind = query.get('history') === 'moves' ? MOVES : null;
  return (
    <Panel
      title="Its way so far"
      aside={
        <Select
          label="What is shown"
          value={kind === null ? 'all' : 'moves'}
          options={[
            { value: 'all', label: 'Also what did not fire' },
            { value: 'moves', label: 'What happened alone' },
          ]}
          onChange={(next) =>
            navigate(hrefOf(segments.join('/'), changedQuery(query, { history: next === 'all' ? null : next })), { replace: true })
          }
        />
      }
    >
      <Part key={kind} id={id} entry={entry} kind={kind} cursor={null} module={module} />
    </Panel>
  );
}

interface PartProps {
  id: string;
  entry: number;
  kind: string | null;
  cursor: string | null;
  module: string | null;
}

/** One page of it, and the next ones behind it when they are asked for. */
function Part({ id, entry, kind, cursor, module }: PartProps): VNode {
  const asked = useAsk<HistoryPage>(`instances/${id}/history`, {
    query: { kind, cursor, limit: SHOWN },
    every: cursor === null ? 10_000 : false,
  });
  const [isMore, setMore] = useState(false);
  useEffect(() => void (cursor === null && asked.refetch()), [entry]);
  if (!asked.data) {
    return <Pending asked={asked} what="its way" rows={4} />;
  }
  const { items, nextCursor } = asked.data;
  return (
    <>
      <ol class="way">
        {items.map((item) => (
          <Happening key={item.id} item={item} module={module} />
        ))}
      </ol>
      {items.length === 0 && cursor === null && <p class="quiet">Nothing is known any more.</p>}
      {nextCursor !== null &&
        (isMore ? (
          <Part id={id} entry={entry} kind={kind} cursor={nextCursor} module={module} />
        ) : (
          <Button icon="down" onClick={() => setMore(true)}>
            Earlier
          </Button>
        ))}
    </>
  );
}

function Happening({ item, module }: { item: HistoryItem; module: string | null }): VNode {
  const { kind, actor, trigger, runId, eventId, timeInStateMs, from, at } = item;
  const [icon, tone] = LOOKS[kind];
  const { comment, notFired, error } = remarksIn(item.explanation);
  return (
    <li class={`way-one way-${kind}`}>
      <span class={`way-mark tone-${tone}`}>
        <Icon name={icon} />
      </span>
      <div class="way-words">
        <p>
          <Sentence item={item} />
        </p>
        {comment !== null && <p class="way-comment">“{comment}”</p>}
        {error && (
          <p class="tone-bad">
            {error.message} {error.hint} <code>{error.code}</code>
          </p>
        )}
        {notFired.map(({ transition, reason, explanation }) => {
          const conditions = explanationIn(explanation);
          return (
            <Disclosure
              key={`${transition} ${reason}`}
              summary={`${transition ?? 'No transition'} did not fire: ${conditions ? 'its conditions did not hold' : nameWords(reason).toLowerCase()}`}
            >
              {conditions ? <ExplanationView explanation={conditions} module={module} /> : <p>{reasonWords(reason, explanation)}</p>}
            </Disclosure>
          );
        })}
        <p class="way-foot">
          <Time at={at} inline />
          {actor && <span>{actorWords(actor)}</span>}
          {trigger && kind !== 'reset' && <span>{FIRED_BY[trigger] ?? `by ${trigger}`}</span>}
          {timeInStateMs !== null && from !== null && (
            <span>
              after <Took ms={timeInStateMs} /> in {from}
            </span>
          )}
          {runId && <a href={`runs/${runId}`}>Run</a>}
          {eventId && <a href={`events/${eventId}`}>Event</a>}
        </p>
      </div>
    </li>
  );
}

function Sentence({ item: { kind, transition, from, to } }: { item: HistoryItem }): VNode {
  switch (kind) {
    case 'created':
      return (
        <>
          Began in <b>{to}</b>
        </>
      );
    case 'fired':
      return (
        <>
          <b>{transition}</b>: {from} <Icon name="arrow" size={12} /> <b>{to}</b>
        </>
      );
    case 'failed':
      return (
        <>
          <b>{transition}</b> failed; it stayed in {from}
        </>
      );
    case 'cancelled':
      return (
        <>
          <b>{transition}</b> was cancelled; it stayed in {from}
        </>
      );
    case 'not_fired':
      return <>Nothing fired in {from}</>;
    case 'reset':
      return (
        <>
          Reset: {from} <Icon name="arrow" size={12} /> <b>{to}</b>
        </>
      );
    case 'migrated':
      return <>Went over to another version</>;
  }
}
