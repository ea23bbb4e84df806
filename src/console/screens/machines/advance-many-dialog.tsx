import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Json } from '../../../core/json.js';
import type { InputField } from '../../../core/trigger/manual-input.js';
import { call } from '../../api/client.js';
import { isObject } from '../../model/catalog.js';
import { transitionsByHand } from '../../model/machine.js';
import { reasonWords } from '../../model/machine-words.js';
import { boundedCount } from '../../model/run-filter.js';
import { numberWords } from '../../model/words.js';
import { BatchDialog } from '../../parts/batch/batch-dialog.js';
import { type Part, useBatch } from '../../parts/batch/use-batch.js';
import { Field, SelectBox } from '../../ui/field.js';
import { InputForm, valuesOf } from './input-form.js';
import type { BulkAdvance, MachineDetail } from './types.js';

const PREVIEW_CALLS = 5;
const A_CALL = 100;

interface AdvanceManyDialogProps {
  machine: MachineDetail;
  /** As the API takes it. */
  filter: Record<string, unknown>;
  words: string;
  onClose: () => void;
}

/** Fires a transition of many instances: first what would become of them, then the work with a bar. */
export function AdvanceManyDialog({ machine, filter, words, onClose }: AdvanceManyDialogProps): VNode {
  const byHand = transitionsByHand(machine.published?.definition);
  const [code, setCode] = useState(byHand[0]?.code ?? '');
  const [values, setValues] = useState<Record<string, Json>>({});
  const trigger = byHand.find((one) => one.code === code)?.trigger;
  const fields = (isObject(trigger) && Array.isArray(trigger.input) ? trigger.input : []) as unknown as InputField[];
  const batch = useBatch<Part & { cursor: string | null; matched: string | null }>({
    key: code,
    previewCalls: PREVIEW_CALLS,
    changes: ['instances', 'machines', 'runs'],
    ask: async ({ before, dryRun, note }) => {
      const going = { comment: note, ...(fields.length > 0 && { input: valuesOf(values) }), limit: A_CALL };
      const { seen, advanced, refused, nextCursor, matched, matchedIsExact } = await call<BulkAdvance>('POST', 'instances/advance', {
        body: { filter, transition: code, ...(dryRun ? { dryRun } : going), ...(before && { cursor: before.cursor }) },
      });
      const left = refused.map(({ reason, count, sample: [one, ...others] }) => ({
        key: reason,
        count,
        words: reasonWords(reason, one && others.length === 0 ? one.explanation : null),
        href: one ? `instances/${one.instanceId}` : null,
      }));
      const counted = before?.matched ?? (matched === null ? null : boundedCount(matched, matchedIsExact));
      return { seen, done: advanced, left, isWhole: nextCursor === null, cursor: nextCursor, matched: counted };
    },
  });
  return (
    <BatchDialog
      batch={batch}
      title="Advance instances"
      icon="play"
      thing="instance"
      act={(many) => `Advance ${many}`}
      none="Advance none"
      did="advanced"
      would={({ seen, isWhole, matched }) =>
        isWhole
          ? `of ${numberWords(seen)} would be advanced.`
          : `of the first ${numberWords(seen)} would be advanced; ${matched} match in all.`
      }
      note={{ label: 'Comment (optional)', hint: 'Kept with each of them, and in the audit.' }}
      onClose={onClose}
    >
      <p>
        Which instances: <strong>{words}</strong>.
      </p>
      <Field label="Transition">
        {(control) => (
          <SelectBox
            {...control}
            value={code}
            onChange={(next) => {
              setCode(next);
              setValues({});
            }}
          >
            {byHand.map((one) => (
              <option key={one.code} value={one.code}>
                {one.code} (to {one.to})
              </option>
            ))}
          </SelectBox>
        )}
      </Field>
      <InputForm fields={fields} values={values} problems={[]} onChange={setValues} />
    </BatchDialog>
  );
}
