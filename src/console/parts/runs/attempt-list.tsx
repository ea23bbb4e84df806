import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { itemWords, type RunAttempt } from '../../model/run-tree.js';
import { tookWords } from '../../model/time.js';
import { numberWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Icon } from '../../ui/icon.js';
import { navigate } from '../../ui/location.js';
import { statusLook } from '../../ui/status.js';

/** A step in a loop of 10,000 items has more attempts than anybody reads. */
const AT_ONCE = 10;

interface AttemptListProps {
  /** Newest first. */
  attempts: readonly RunAttempt[];
  chosen: number;
  hrefOf: (attempt: number) => string;
}

/** The attempts of one step, newest first; those that were sent back struck through. */
export function AttemptList({ attempts, chosen, hrefOf }: AttemptListProps): VNode {
  const [from, setFrom] = useState(0);
  useEffect(() => setFrom(chosen - (chosen % AT_ONCE)), [chosen]);
  const go = (attempt: number): void => navigate(hrefOf(attempt), { replace: true });
  const isLong = attempts.length > AT_ONCE;
  const failed = (index: number): boolean => attempts[index]?.standing === 'failed';
  const failure = isLong ? [...attempts.keys()].find((index) => index > chosen && failed(index)) : undefined;
  return (
    <div class="attempts">
      <ol>
        {attempts.slice(from, from + AT_ONCE).map((attempt, index) => {
          const { icon, tone } = statusLook(standingOf(attempt));
          return (
            <li key={`${attempt.path} ${attempt.attempt}`}>
              <a
                class={`attempt-link${attempt.superseded ? ' attempt-gone' : ''}`}
                href={hrefOf(from + index)}
                aria-current={from + index === chosen ? 'true' : undefined}
              >
                <span class={`tone-${tone}`}>
                  <Icon name={icon} size={12} />
                </span>
                <span>{attemptWords(attempt)}</span>
                {attempt.durationMs !== null && <small class="numbers">{tookWords(attempt.durationMs)}</small>}
              </a>
            </li>
          );
        })}
      </ol>
      {isLong && (
        <div class="row attempts-foot">
          <small class="numbers">
            {numberWords(from + 1)}–{numberWords(Math.min(from + AT_ONCE, attempts.length))} of {numberWords(attempts.length)}
          </small>
          <Button small blocked={from === 0 ? 'These are the newest' : null} onClick={() => setFrom(from - AT_ONCE)}>
            Newer
          </Button>
          <Button small blocked={from + AT_ONCE >= attempts.length ? 'These are the oldest' : null} onClick={() => setFrom(from + AT_ONCE)}>
            Older
          </Button>
          <Button small blocked={failure === undefined ? 'No older one has failed' : null} onClick={() => go(failure ?? chosen)}>
            Next failure
          </Button>
        </div>
      )}
    </div>
  );
}

/** Returns what one attempt was: `Attempt 2: failed`, `Item 3, attempt 1: succeeded`. */
export function attemptWords(attempt: RunAttempt): string {
  const item = itemWords(attempt.path);
  const word = statusLook(standingOf(attempt)).word.toLowerCase();
  return `${item === null ? 'Attempt' : `Item ${item}, attempt`} ${attempt.attempt}: ${word}`;
}

function standingOf({ superseded, standing }: RunAttempt): string {
  return superseded ? 'superseded' : standing;
}
