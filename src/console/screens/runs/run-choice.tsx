import type { VNode } from 'preact';
import { useAsk } from '../../api/query.js';
import type { RunCounts, RunItem } from '../../api/types.js';
import type { QueryValues } from '../../model/route.js';
import { boundedCount, type RunListFilter } from '../../model/run-filter.js';
import { countWords, numberWords } from '../../model/words.js';
import type { BulkWork } from '../../parts/runs/bulk-dialog.js';
import { Button } from '../../ui/button.js';
import { ChooseAll } from '../../ui/choice.js';

/** What somebody has chosen: runs by their ids, or all that match the filter, shown or not. */
export type Chosen = ReadonlySet<string> | 'all';

interface RunChoiceProps {
  rows: readonly RunItem[];
  chosen: Chosen;
  onChange: (chosen: Chosen) => void;
  filter: RunListFilter;
  /** The filter as the API is asked, as it takes it in a body, and in words. */
  asked: QueryValues;
  body: Record<string, unknown>;
  sentence: string;
  onWork: (work: BulkWork) => void;
}

const UNFINISHED = ['queued', 'running', 'waiting'] as const;

/** The page chosen with one click, then all that match; and what can be done with what is chosen. */
export function RunChoice({ rows, chosen, onChange, filter, asked, body, sentence, onWork }: RunChoiceProps): VNode {
  const counts = useAsk<RunCounts>('runs/counts', { query: { ...asked, status: null } });
  const has = (id: string): boolean => chosen === 'all' || chosen.has(id);
  const isPage = rows.length > 0 && rows.every(({ id }) => has(id));
  const matching = (counts.data?.counts ?? []).filter(({ status }) => filter.status.length === 0 || filter.status.includes(status));
  const count = matching.reduce((sum, { runs }) => sum + runs, 0);
  const isExact = matching.every((one) => one.isExact);
  const all = `all ${boundedCount(count, isExact)} that match`;
  const statusOf = (statuses: readonly (typeof UNFINISHED)[number][]): readonly string[] | undefined =>
    filter.status.length === 0 ? undefined : statuses.filter((status) => filter.status.includes(status));
  const unfinished = statusOf(UNFINISHED);
  const noneFailed = chosen === 'all' && filter.status.length > 0 && !filter.status.includes('failed');
  const noneGoesOn = chosen === 'all' && unfinished?.length === 0;
  const work = (kind: BulkWork['kind']): void =>
    chosen === 'all'
      ? onWork({ kind, filter: { ...body, status: kind === 'retry' ? undefined : unfinished }, words: sentence })
      : onWork({ kind, filter: { ids: [...chosen] }, words: countWords(chosen.size, 'chosen run') });
  return (
    <>
      <ChooseAll rows={rows} has={has} isTold={chosen === 'all' || chosen.size > 0} onChange={onChange} />
      {(chosen === 'all' || chosen.size > 0) && (
        <>
          <strong>{chosen === 'all' ? all : `${numberWords(chosen.size)} chosen`}</strong>
          {isPage && chosen !== 'all' && count > rows.length && (
            <Button small kind="quiet" onClick={() => onChange('all')}>
              Choose {all}
            </Button>
          )}
          <Button small icon="retry" blocked={noneFailed ? 'None of these have failed' : null} onClick={() => work('retry')}>
            Retry …
          </Button>
          <Button small icon="stop" blocked={noneGoesOn ? 'All of these are over' : null} onClick={() => work('cancel')}>
            Cancel …
          </Button>
          <Button small kind="quiet" onClick={() => onChange(new Set())}>
            Choose none
          </Button>
        </>
      )}
    </>
  );
}
