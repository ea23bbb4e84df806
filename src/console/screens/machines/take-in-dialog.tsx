import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { useCatalog } from '../../api/me.js';
import { subjectWords } from '../../model/machine.js';
import { countWords, listWords } from '../../model/words.js';
import { BatchDialog } from '../../parts/batch/batch-dialog.js';
import { type Left, type Part, useBatch } from '../../parts/batch/use-batch.js';
import { Choices, Field } from '../../ui/field.js';
import type { MachineDetail, TakenIn } from './types.js';

type Which = 'all' | 'some';

const PREVIEW_CALLS = 4;
const PAUSE_MS = 400;
const MOST_NAMED = 500;

/** Takes records that are there already into a machine: first how many would begin, then the work. */
export function TakeInDialog({ machine, onClose }: { machine: MachineDetail; onClose: () => void }): VNode {
  const catalog = useCatalog();
  const [which, setWhich] = useState<Which>('all');
  const [text, setText] = useState('');
  const ids = which === 'all' ? null : [...new Set(text.split(/[\s,;]+/).filter(Boolean))];
  const tooMany = ids && ids.length > MOST_NAMED ? `At most ${MOST_NAMED} at a time.` : null;
  const blocked = ids?.length === 0 ? 'Name the records first' : tooMany;
  const batch = useBatch<Part & { cursor: string | null }>({
    key: blocked === null ? (ids?.join(' ') ?? '') : null,
    pauseMs: PAUSE_MS,
    previewCalls: PREVIEW_CALLS,
    changes: ['instances', 'machines'],
    ask: async ({ before, dryRun, note }) => {
      const { seen, created, existing, missing, nextCursor } = await call<TakenIn>('POST', `machines/${machine.id}/instances`, {
        body: { ...(ids && { recordIds: ids }), ...(dryRun ? { dryRun } : { reason: note }), ...(before && { cursor: before.cursor }) },
      });
      const missed = listWords([...missing.slice(0, 5), ...(missing.length > 5 ? ['others'] : [])]);
      const left: Left[] = [
        { key: 'existing', count: existing, words: 'with an instance already' },
        { key: 'missing', count: missing.length, words: `no record of the CRM: ${missed}` },
      ];
      return { seen, done: created, left: left.filter(({ count }) => count > 0), isWhole: nextCursor === null, cursor: nextCursor };
    },
  });
  return (
    <BatchDialog
      batch={batch}
      title="Take records in"
      icon="plus"
      thing="record"
      act={(many) => `Take ${many} in`}
      none="Take none in"
      did="taken in"
      blocked={blocked}
      would={({ seen, isWhole }) => `of ${isWhole ? '' : 'the first '}${countWords(seen, 'record')} would begin.`}
      note={{ label: 'Reason (optional)', hint: 'Kept in the audit.' }}
      onClose={onClose}
    >
      <p>
        Each begins in <strong class="mono">{machine.initialState}</strong>; no transition is asked. Records that have an instance are left
        alone.
      </p>
      <Choices<Which>
        legend="Which records"
        value={which}
        onChange={setWhich}
        options={[
          { value: 'all', label: `All ${subjectWords(machine.for ?? undefined, catalog)}` },
          { value: 'some', label: 'Some, by their ids' },
        ]}
      />
      {ids && (
        <Field label="Ids" hint="Between them a comma, a space or a new line." problem={tooMany}>
          {(control) => (
            <textarea {...control} class="textarea mono" rows={3} value={text} onInput={(event) => setText(event.currentTarget.value)} />
          )}
        </Field>
      )}
    </BatchDialog>
  );
}
