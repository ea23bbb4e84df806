import './sparkbar.css';
import type { VNode } from 'preact';

/** How many of how many went well: the share as a bar, and in figures. */
export function Sparkbar({ good, bad, label }: { good: number; bad: number; label: string }): VNode {
  const all = good + bad;
  if (all === 0) return <span class="quiet">no runs</span>;
  // Whole only when it is: 99.9 % is not all.
  const percent = bad > 0 ? Math.min(99, Math.round((100 * good) / all)) : 100;
  return (
    <span class="sparkbar">
      <svg viewBox="0 0 48 6" width="48" height="6" role="img" aria-label={label}>
        <rect class="sparkbar-bad" width="48" height="6" rx="3" />
        {good > 0 && <rect class="sparkbar-good" width={Math.max(3, (48 * good) / all)} height="6" rx={bad > 0 ? 1 : 3} />}
      </svg>
      <span class="numbers">{percent} %</span>
    </span>
  );
}
