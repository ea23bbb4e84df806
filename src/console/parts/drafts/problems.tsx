import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Problem } from '../../api/types.js';
import { countWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Icon } from '../../ui/icon.js';

const SHOWN_AT_ONCE = 5;

interface ProblemsProps {
  problems: readonly Problem[];
  /** Where a path is, in words; null where the message says it. */
  placeWords: (path: string) => string | null;
  onShow: (path: string) => void;
}

/** What keeps a draft from being published, each with the way to where it is. */
export function Problems({ problems, placeWords, onShow }: ProblemsProps): VNode {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? problems : problems.slice(0, SHOWN_AT_ONCE);
  return (
    <section class="banner soft-bad" aria-label="Problems">
      <div class="banner-words">
        <strong>{countWords(problems.length, 'problem')} to mend before it can be published</strong>
        <ul class="problem-list">
          {shown.map(({ path, message, hint }) => {
            const where = placeWords(path);
            return (
              <li key={`${path} ${message}`}>
                <button type="button" onClick={() => onShow(path)}>
                  <span class="tone-bad">
                    <Icon name="warning" />
                  </span>
                  <span>
                    {where !== null && <strong>{where}: </strong>}
                    {message} {hint}
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
