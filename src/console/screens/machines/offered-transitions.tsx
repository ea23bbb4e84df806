import type { VNode } from 'preact';
import type { OfferedTransition } from '../../../core/machine/offered.js';
import { fromWords } from '../../model/machine.js';
import { explanationIn, reasonWords } from '../../model/machine-words.js';
import { countWords } from '../../model/words.js';
import { ExplanationView } from '../../parts/why/explanation-view.js';
import { Button } from '../../ui/button.js';
import { Disclosure } from '../../ui/disclosure.js';
import { Icon } from '../../ui/icon.js';

interface OfferedTransitionsProps {
  id: string;
  offered: readonly OfferedTransition[];
  state: string;
  module: string | null;
  mayOperate: boolean;
  onAdvance: (transition: OfferedTransition) => void;
}

/** The transitions of an instance: those that the reader may fire, and why not the others. */
export function OfferedTransitions({ id, offered, state, module, mayOperate, onAdvance }: OfferedTransitionsProps): VNode {
  const leading = offered.filter(({ reason }) => reason !== 'state');
  const others = offered.filter(({ reason }) => reason === 'state');
  return (
    <div id={id} class="stack">
      {leading.length === 0 && <p class="quiet">Nothing leads out of {state}.</p>}
      <ul class="offered">
        {leading.map((transition) => (
          <li key={transition.code} class="offered-one">
            <div class="offered-head">
              <span class="offered-name">
                <b>{transition.code}</b>
                <span class="machine-to">
                  <Icon name="arrow" size={12} />
                  {transition.to}
                </span>
              </span>
              {transition.isOffered && (
                <Button
                  small
                  kind="primary"
                  icon="play"
                  blocked={mayOperate ? null : 'This takes the permission automation:operate'}
                  onClick={() => onAdvance(transition)}
                >
                  Advance …
                </Button>
              )}
            </div>
            {transition.description && <small class="quiet">{transition.description}</small>}
            <Why transition={transition} module={module} />
          </li>
        ))}
      </ul>
      {others.length > 0 && (
        <Disclosure summary={`${countWords(others.length, 'transition')} from other states`}>
          <ul class="offered-others">
            {others.map(({ code, from, to }) => (
              <li key={code}>
                <b>{code}</b>{' '}
                <span class="quiet">
                  from {fromWords(from)} to {to}
                </span>
              </li>
            ))}
          </ul>
        </Disclosure>
      )}
    </div>
  );
}

function Why({
  transition: { isOffered, reason, explanation, hasSteps },
  module,
}: {
  transition: OfferedTransition;
  module: string | null;
}): VNode {
  const conditions = explanationIn(explanation);
  const words = isOffered
    ? hasSteps
      ? 'It has steps: the instance moves when they are done.'
      : 'It moves at once.'
    : reason === 'conditions'
      ? 'Not now: its conditions do not hold.'
      : `Not by you: ${reasonWords(reason, explanation)}`;
  return (
    <>
      <span class={`mark tone-${isOffered ? 'ok' : 'neutral'}`}>
        <Icon name={isOffered ? 'check' : 'dash'} size={12} />
        {words}
      </span>
      {conditions && (
        <Disclosure summary="Its conditions now" isOpen={!isOffered}>
          <ExplanationView explanation={conditions} module={module} />
        </Disclosure>
      )}
    </>
  );
}
