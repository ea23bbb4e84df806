import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Problem } from '../../api/types.js';
import { parsePlace } from '../../model/json-path.js';
import { countWords, nameWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Icon } from '../../ui/icon.js';

const SHOWN_AT_ONCE = 5;

interface ProblemsProps {
  problems: readonly Problem[];
  /** Those of them that are mistakes; at the others there is nothing yet. */
  wrong: readonly Problem[];
  /** Where a path is, in words; null where the message says it. */
  placeWords: (path: string) => string | null;
  onShow: (path: string) => void;
}

/** What keeps a draft from being published, each with the way to where it is. */
export function Problems({ problems, wrong, placeWords, onShow }: ProblemsProps): VNode {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? problems : problems.slice(0, SHOWN_AT_ONCE);
  return (
    <section class={`banner soft-${wrong.length === 0 ? 'info' : 'bad'}`} aria-label="Problems">
      <div class="banner-words">
        <strong>
          {wrong.length === 0 ? 'Still to be filled in' : `${countWords(problems.length, 'problem')} to mend`} before it can be published
        </strong>
        <ul class="problem-list">
          {shown.map((problem) => {
            const { path, message, hint } = problem;
            const where = placeWords(path);
            const isWrong = wrong.includes(problem);
            return (
              <li key={`${path} ${message}`}>
                <button type="button" onClick={() => onShow(path)}>
                  <span class={isWrong ? 'tone-bad' : 'quiet'}>
                    <Icon name={isWrong ? 'warning' : 'pencil'} />
                  </span>
                  <span>
                    {where !== null && <strong>{where}: </strong>}
                    {isWrong ? `${message} ${hint ?? ''}` : nameWords(String(parsePlace(path).at(-1)))}
                  </span>
                </button>
              </li>
            );
          })}
        </ul>
        {!isWhole && problems.length > SHOWN_AT_ONCE && (
          <span>
            <Button small kind="quiet" onClick={() => setWhole(true)}>
              All {problems.length}
            </Button>
          </span>
        )}
        <small class="quiet">F8 goes to the next one.</small>
      </div>
    </section>
  );
}
