import type { VNode } from 'preact';
import type { WorkflowStatistics } from '../../api/types.js';
import { weekdayTime } from '../../model/time.js';
import { numberWords } from '../../model/words.js';

type Day = WorkflowStatistics['byDay'][number];
const ENDS = ['succeeded', 'failed', 'cancelled'] as const;
const WIDTH = 160;

/** How runs ended, day by day: a bar to see, the numbers beside it. It stays a table on a narrow page: there is little in it. */
export function Days({ days }: { days: readonly Day[] }): VNode {
  const most = Math.max(1, ...days.map((day) => ENDS.reduce((sum, end) => sum + day[end], 0)));
  return (
    <table class="days">
      <caption class="visually-hidden">Runs by day</caption>
      <thead>
        <tr>
          <th scope="col">Day</th>
          <td />
          {ENDS.map((end) => (
            <th key={end} scope="col" class="days-number">
              {end.charAt(0).toUpperCase() + end.slice(1)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {days.map((day) => (
          <tr key={day.day}>
            <th scope="row">{weekdayTime(new Date(day.day))}</th>
            <td class="days-place">
              <Bar day={day} most={most} />
            </td>
            {ENDS.map((end) => (
              <td key={end} class={`days-number ${day[end] === 0 ? 'quiet' : end === 'failed' ? 'tone-bad' : ''}`}>
                {numberWords(day[end])}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Bar({ day, most }: { day: Day; most: number }): VNode {
  let at = 0;
  return (
    <svg class="days-bar" viewBox={`0 0 ${WIDTH} 10`} preserveAspectRatio="none" aria-hidden="true">
      {ENDS.filter((end) => day[end] > 0).map((end) => {
        // What happened once among thousands is seen, too.
        const width = Math.max(2, (WIDTH * day[end]) / most);
        const x = at;
        at += width;
        return <rect key={end} class={`days-${end}`} x={x} width={width} height={10} />;
      })}
    </svg>
  );
}
