import './cause-chain.css';
import type { VNode } from 'preact';
import type { Cause } from '../../../core/event.js';
import { hrefOf } from '../../model/route.js';
import { Icon } from '../../ui/icon.js';
import { RecordName } from './record-name.js';

/** The runs of which each made the event that started the next one, the first first; `last` is what they led to. */
export function CauseChain({ cause: { path, runId, step }, last }: { cause: Cause; last: string }): VNode | null {
  if (path.length === 0) return null;
  return (
    <ol class="run-chain" aria-label="What led to it">
      {path.map(({ workflowId, workflowName, module, recordId }, index) => {
        const isLast = index === path.length - 1;
        return (
          <li key={String(index)}>
            <a href={isLast ? hrefOf(`runs/${runId}`, { step }) : hrefOf('runs', { workflowId, module, recordId })}>
              {workflowName ?? 'An earlier workflow'}
            </a>{' '}
            <span class="quiet">
              <RecordName module={module} recordId={recordId} />
            </span>
            <Icon name="arrow" size={12} />
          </li>
        );
      })}
      <li>{last}</li>
    </ol>
  );
}
