import type { VNode } from 'preact';
import type { Explanation } from '../../../core/condition/explanation.js';
import { valueWords } from '../../model/words.js';
import { Icon } from '../../ui/icon.js';

/** What the record of the preview has there, and what follows from it. */
export function Seen({ explanation, isNone }: { explanation: Extract<Explanation, { field: string }>; isNone: boolean }): VNode {
  const counts = explanation.result !== isNone;
  const seen = valueWords(explanation.seen);
  return (
    <small class={`condition-seen tone-${counts ? 'ok' : 'bad'}`}>
      <Icon name={counts ? 'check' : 'cross'} size={12} />
      {explanation.result ? 'holds' : 'does not hold'} ({explanation.note ?? seen})
    </small>
  );
}
