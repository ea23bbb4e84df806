import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import type { JsonObject } from '../../../core/json.js';
import { isObject } from '../../model/catalog.js';
import { stepKindWords, stepWords } from '../../model/definition-words.js';
import { parsePlace } from '../../model/json-path.js';
import { countWords } from '../../model/words.js';
import { opensMenu } from '../../ui/menu.js';
import { Mark } from '../../ui/status.js';
import type { Drawing } from './drawing.js';

interface StepCardProps {
  drawing: Drawing;
  step: JsonObject;
  path: string;
  number: string;
  isChosen: boolean;
  /** Tab leads to it. */
  isReached: boolean;
  problems: number;
}

/**
 * One step: what it is called, what kind it is, what is to be known of it, and a button to the menu of what can be done with it.
 * There are hundreds on a page: no element more than there are words to show.
 */
export function StepCard({ drawing, step, path, number, isChosen, isReached, problems }: StepCardProps): VNode {
  // A step around others is drawn anew with them; its card is not.
  return useMemo(() => {
    const { catalog, onChoose, editing } = drawing;
    const place = parsePlace(path);
    const name = stepWords(step, catalog);
    const kind = stepKindWords(step.type, catalog);
    const menu = `Actions of step ${number}, ${name}`;
    const hasMarks = problems > 0 || isObject(step.retry) || step.onError === 'continue';
    return (
      <div class="step-line">
        <button
          type="button"
          class="step-card"
          data-step={path}
          tabIndex={isReached ? 0 : -1}
          aria-current={isChosen ? 'step' : undefined}
          onClick={() => onChoose(place)}
        >
          <span class="step-number">{number}</span>
          <span class="step-name">{name}</span>
          {kind !== name && !name.startsWith(`${kind} ·`) && <span class="step-kind">{kind}</span>}
          {hasMarks && (
            <span class="step-marks">
              {problems > 0 && (
                <Mark tone="bad" icon="warning">
                  {countWords(problems, 'problem')}
                </Mark>
              )}
              {isObject(step.retry) && <Mark icon="retry">{`${String(step.retry.maxAttempts ?? 3)} attempts`}</Mark>}
              {step.onError === 'continue' && <Mark icon="skip">continues on error</Mark>}
            </span>
          )}
        </button>
        {editing && (
          <button
            type="button"
            class="icon-button step-menu"
            aria-label={menu}
            title={menu}
            aria-haspopup="menu"
            aria-expanded={false}
            {...opensMenu((opened) => editing.openMenu(place, menu, opened))}
          />
        )}
      </div>
    );
  }, [drawing, step, path, number, isChosen, isReached, problems]);
}
