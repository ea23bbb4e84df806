import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Json } from '../../../core/json.js';
import { call } from '../../api/client.js';

const PAUSE_MS = 400;

/** The next five times of a schedule, in words. */
export function NextTimes({ cron, timezone }: { cron: Json | undefined; timezone: Json | undefined }): VNode | null {
  const [next, setNext] = useState<{ at: string; words: string }[]>([]);
  useEffect(() => {
    if (typeof cron !== 'string' || typeof timezone !== 'string' || cron === '' || timezone === '') return;
    const leaving = new AbortController();
    const timer = setTimeout(() => {
      call<{ next: { at: string; words: string }[] }>('POST', 'schedules/preview', { body: { cron, timezone }, signal: leaving.signal })
        .then((answer) => setNext(answer.next))
        // What is wrong with it is told as a problem of the draft.
        .catch(() => setNext([]));
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [cron, timezone]);
  if (next.length === 0) return null;
  return (
    <div>
      <h3>Next times</h3>
      <ul class="times">
        {next.map(({ at, words }) => (
          <li key={at}>{words}</li>
        ))}
      </ul>
    </div>
  );
}
