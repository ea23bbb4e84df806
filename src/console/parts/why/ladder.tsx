import './ladder.css';
import type { ComponentChildren, VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useCatalog } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import type { ExplainedEvent, Rung } from '../../api/types.js';
import { nearestMissWords } from '../../model/nearest-miss-words.js';
import { hrefOf } from '../../model/route.js';
import { Disclosure } from '../../ui/disclosure.js';
import { Icon, type IconName } from '../../ui/icon.js';
import { Pending } from '../../ui/pending.js';
import type { Tone } from '../../ui/status.js';
import { ExplanationView } from './explanation-view.js';

const NAMES: Readonly<Record<string, string>> = {
  existed: 'It existed',
  active: 'It was active',
  listens: 'It listens to this',
  trigger: 'Its trigger matches',
  conditions: 'Its conditions hold',
  reentry: 'It may run on this record again',
  loop: 'It would not go round in circles',
  plan: 'The plan gives it',
  run: 'A run came of it',
  steps: 'Its steps',
};

const MARKS: Readonly<Record<Rung['result'], readonly [word: string, icon: IconName, tone: Tone]>> = {
  yes: ['Yes', 'check', 'ok'],
  no: ['No', 'cross', 'bad'],
  unknown: ['Not known', 'question', 'warn'],
  not_reached: ['Not asked', 'dash', 'neutral'],
};

/** Every question between an event and the end of a workflow's run, in the order in which it was asked. The first no is the answer. */
function Ladder({ eventId, workflowId, module }: { eventId: string; workflowId: string; module: string | null }): VNode {
  const catalog = useCatalog();
  const asked = useAsk<ExplainedEvent>(`events/${eventId}/explain`, { query: { workflowId }, keep: false });
  if (!asked.data) {
    return <Pending asked={asked} what="the answer" rows={4} />;
  }
  const { answer, nearestMiss, rungs, lastRunId } = asked.data;
  const missed = rungs.find(({ rung, result }) => rung === 'conditions' && result === 'no')?.explanation ?? null;
  return (
    <div class="ladder">
      <p>
        <strong>{answer}</strong>
        {/* Where the event alone does not have all that was asked for, what was seen then says it, too. */}{' '}
        {nearestMiss?.sentence ?? (missed && nearestMissWords(missed, module, catalog))}
      </p>
      <ol>
        {rungs.map((rung) => (
          <RungLine key={rung.rung} rung={rung} module={module} />
        ))}
      </ol>
      <p class="row">
        {lastRunId !== null && <a href={`runs/${lastRunId}`}>The run, step by step</a>}
        <a href={hrefOf(`workflows/${workflowId}`, { test: `event:${eventId}` })}>Try the draft with this event</a>
      </p>
    </div>
  );
}

function RungLine({ rung: { rung, result, sentence, explanation }, module }: { rung: Rung; module: string | null }): VNode {
  const [word, icon, tone] = MARKS[result];
  return (
    <li class={`rung rung-${result}`}>
      <span class={`rung-mark tone-${tone}`}>
        <Icon name={icon} size={12} />
        <span class="visually-hidden">{word}:</span>
      </span>
      <div class="rung-words">
        <span class="rung-name">{NAMES[rung] ?? rung}</span>
        {sentence !== null && <span class="rung-sentence">{sentence}</span>}
        {explanation !== null &&
          (result === 'no' ? (
            <ExplanationView explanation={explanation} module={module} />
          ) : (
            <Disclosure summary="Each test">
              <ExplanationView explanation={explanation} module={module} />
            </Disclosure>
          ))}
      </div>
    </li>
  );
}

interface VerdictProps {
  eventId: string;
  workflowId: string;
  module: string | null;
  /** What is seen without opening it. */
  children: ComponentChildren;
  isOpen?: boolean;
}

/** One line of a verdict that opens to its ladder. What is closed is not asked. */
export function Verdict({ children, isOpen = false, ...ladder }: VerdictProps): VNode {
  const [open, setOpen] = useState(isOpen);
  return (
    <details class="verdict" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{children}</summary>
      {open && <Ladder {...ladder} />}
    </details>
  );
}
