import '../../parts/runs/bulk-dialog.css';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Json } from '../../../core/json.js';
import type { InputField } from '../../../core/trigger/manual-input.js';
import { call, type ErrorBody } from '../../api/client.js';
import { forget } from '../../api/query.js';
import { isObject } from '../../model/catalog.js';
import { transitionsOf } from '../../model/machine.js';
import { reasonWords } from '../../model/machine-words.js';
import { countWords, numberWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Field, SelectBox } from '../../ui/field.js';
import { announce } from '../../ui/live.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';
import { errorBodyOf } from './error-body.js';
import { InputForm, valuesOf } from './input-form.js';
import { Progress } from './progress.js';
import type { BulkAdvance, MachineDetail } from './types.js';

type Refused = BulkAdvance['refused'];

/** What many calls together have found, or done. */
interface Sum {
  seen: number;
  advanced: number;
  refused: Refused;
  isWhole: boolean;
  error: ErrorBody | null;
}

const NOTHING: Sum = { seen: 0, advanced: 0, refused: [], isWhole: false, error: null };
/** So many calls a preview looks at: beyond, it says that there are more. */
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
  const byHand = transitionsOf(machine.published?.definition ?? {}).filter(({ trigger }) => isObject(trigger) && trigger.type === 'manual');
  const [code, setCode] = useState(byHand[0]?.code ?? '');
  const [values, setValues] = useState<Record<string, Json>>({});
  const [comment, setComment] = useState('');
  const [preview, setPreview] = useState<Sum | null>(null);
  const [work, setWork] = useState<(Sum & { isOver: boolean }) | null>(null);
  const stopped = useRef(false);
  const trigger = byHand.find((one) => one.code === code)?.trigger;
  const fields = (isObject(trigger) && Array.isArray(trigger.input) ? trigger.input : []) as unknown as InputField[];

  useEffect(() => {
    if (code === '') return;
    const leaving = { isOld: false };
    setPreview(null);
    void through({ filter, transition: code, dryRun: true }, PREVIEW_CALLS, () => !leaving.isOld).then((sum) => {
      if (!leaving.isOld) setPreview(sum);
    });
    return () => {
      leaving.isOld = true;
    };
  }, [code]);
  useEffect(
    () => () => {
      stopped.current = true;
    },
    [],
  );

  const start = async (): Promise<void> => {
    stopped.current = false;
    setWork({ ...NOTHING, isOver: false });
    const body = {
      filter,
      transition: code,
      comment: comment.trim() || null,
      ...(fields.length > 0 && { input: valuesOf(values) }),
      limit: A_CALL,
    };
    const sum = await through(body, Number.POSITIVE_INFINITY, (now) => {
      setWork({ ...now, isOver: false });
      return !stopped.current;
    });
    setWork({ ...sum, isOver: true });
    announce(`${countWords(sum.advanced, 'instance')} advanced.`);
    await forget('instances', 'machines', 'runs');
  };

  const isReady = preview !== null && preview.error === null && preview.advanced > 0;
  const many =
    preview === null
      ? ''
      : `${numberWords(preview.advanced)}${preview.isWhole ? '' : '+'} ${preview.advanced === 1 ? 'instance' : 'instances'}`;
  return (
    <Dialog
      wide
      title="Advance instances"
      onClose={onClose}
      footer={
        work === null ? (
          <>
            <Button onClick={onClose}>Advance none</Button>
            <Button
              kind="primary"
              icon="play"
              blocked={isReady ? null : preview === null ? 'It is being found out what would become of them' : 'There is none to advance'}
              onClick={() => void start()}
            >
              {isReady ? `Advance ${many}` : 'Advance'}
            </Button>
          </>
        ) : work.isOver ? (
          <Button kind="primary" onClick={onClose}>
            Close
          </Button>
        ) : (
          <Button
            icon="stop"
            onClick={() => {
              stopped.current = true;
            }}
          >
            Stop
          </Button>
        )
      }
    >
      {work !== null ? (
        <div class="stack">
          <Progress
            words={
              work.isOver
                ? `${countWords(work.advanced, 'instance')} advanced.${work.error || !work.isWhole ? ' Then it stopped.' : ''}`
                : `${numberWords(work.seen)} looked at …`
            }
            done={work.isOver ? 1 : work.seen}
            of={work.isOver ? 1 : preview?.isWhole ? preview.seen : null}
          />
          {work.error && <ErrorPanel error={work.error} />}
          <Refusals refused={work.refused} />
        </div>
      ) : byHand.length === 0 ? (
        <p>No transition of the published version is fired by hand.</p>
      ) : (
        <>
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
          {preview === null ? (
            <Skeleton what="what would become of them" rows={3} />
          ) : (
            <section class="stack" aria-label="What would become of them">
              {preview.error ? (
                <ErrorPanel error={preview.error} />
              ) : (
                <p class="bulk-count">
                  <strong class="numbers">{numberWords(preview.advanced)}</strong> of {preview.isWhole ? '' : 'the first '}
                  {numberWords(preview.seen)} would be advanced.
                </p>
              )}
              <Refusals refused={preview.refused} />
            </section>
          )}
          <Field label="Comment (optional)" hint="Kept with each of them, and in the audit.">
            {(control) => (
              <input
                {...control}
                class="input"
                maxLength={1000}
                value={comment}
                onInput={(event) => setComment(event.currentTarget.value)}
              />
            )}
          </Field>
        </>
      )}
    </Dialog>
  );
}

/** Calls until there are no more instances, or until it may no longer. */
async function through(body: Record<string, unknown>, most: number, onPart: (sum: Sum) => boolean): Promise<Sum> {
  let sum = NOTHING;
  let cursor: string | null = null;
  for (let calls = 0; calls < most; calls += 1) {
    try {
      const part: BulkAdvance = await call<BulkAdvance>('POST', 'instances/advance', {
        body: { ...body, ...(cursor !== null && { cursor }) },
      });
      cursor = part.nextCursor;
      sum = {
        seen: sum.seen + part.seen,
        advanced: sum.advanced + part.advanced,
        refused: merged(sum.refused, part.refused),
        isWhole: cursor === null,
        error: null,
      };
    } catch (error) {
      return { ...sum, error: errorBodyOf(error) };
    }
    if (!onPart(sum) || sum.isWhole) return sum;
  }
  return sum;
}

function merged(before: Refused, more: Refused): Refused {
  const all = new Map(before.map((one) => [one.reason, one]));
  for (const one of more) {
    const known = all.get(one.reason);
    all.set(one.reason, known ? { ...known, count: known.count + one.count } : one);
  }
  return [...all.values()].sort((one, other) => other.count - one.count);
}

function Refusals({ refused }: { refused: Refused }): VNode | null {
  if (refused.length === 0) return null;
  return (
    <div>
      <h3>Left where they are</h3>
      <ul class="bulk-groups">
        {refused.map(({ reason, count, sample }) => (
          <li key={reason}>
            <span class="numbers bulk-number">{numberWords(count)}</span>
            <span>
              {reasonWords(reason, sample.length === 1 ? sample[0]?.explanation : null)}{' '}
              {sample[0] && <a href={`instances/${sample[0].instanceId}`}>one of them</a>}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
