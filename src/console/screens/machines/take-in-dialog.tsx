import '../../parts/runs/bulk-dialog.css';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { call, type ErrorBody } from '../../api/client.js';
import { useCatalog } from '../../api/me.js';
import { forget } from '../../api/query.js';
import { subjectWords } from '../../model/machine.js';
import { countWords, listWords, numberWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Choices, Field } from '../../ui/field.js';
import { announce } from '../../ui/live.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';
import { errorBodyOf } from './error-body.js';
import { Progress } from './progress.js';
import type { MachineDetail, TakenIn } from './types.js';

type Which = 'all' | 'some';

interface Sum {
  seen: number;
  created: number;
  existing: number;
  missing: readonly string[];
  isWhole: boolean;
  error: ErrorBody | null;
}

const NOTHING: Sum = { seen: 0, created: 0, existing: 0, missing: [], isWhole: false, error: null };
const PREVIEW_CALLS = 4;
const PAUSE_MS = 400;
const MOST_NAMED = 500;

/** Takes records that are there already into a machine: first how many would begin, then the work. */
export function TakeInDialog({ machine, onClose }: { machine: MachineDetail; onClose: () => void }): VNode {
  const catalog = useCatalog();
  const [which, setWhich] = useState<Which>('all');
  const [text, setText] = useState('');
  const [reason, setReason] = useState('');
  const [preview, setPreview] = useState<Sum | null>(null);
  const [work, setWork] = useState<(Sum & { isOver: boolean }) | null>(null);
  const stopped = useRef(false);
  const ids = [...new Set(text.split(/[\s,;]+/).filter(Boolean))];
  const asked = which === 'all' ? {} : { recordIds: ids };
  const tooMany = which === 'some' && ids.length > MOST_NAMED ? `At most ${MOST_NAMED} at a time.` : null;
  const isNone = which === 'some' && ids.length === 0;
  const key = which === 'all' ? 'all' : ids.join(' ');

  useEffect(() => {
    setPreview(null);
    if (isNone || tooMany !== null) return;
    const leaving = { isOld: false };
    const timer = setTimeout(() => {
      void through(machine.id, { ...asked, dryRun: true }, PREVIEW_CALLS, () => !leaving.isOld).then((sum) => {
        if (!leaving.isOld) setPreview(sum);
      });
    }, PAUSE_MS);
    return () => {
      leaving.isOld = true;
      clearTimeout(timer);
    };
  }, [key]);
  useEffect(
    () => () => {
      stopped.current = true;
    },
    [],
  );

  const start = async (): Promise<void> => {
    stopped.current = false;
    setWork({ ...NOTHING, isOver: false });
    const sum = await through(machine.id, { ...asked, reason: reason.trim() || null }, Number.POSITIVE_INFINITY, (now) => {
      setWork({ ...now, isOver: false });
      return !stopped.current;
    });
    setWork({ ...sum, isOver: true });
    announce(`${countWords(sum.created, 'record')} taken in.`);
    await forget('instances', 'machines');
  };

  const isReady = preview !== null && preview.error === null && preview.created > 0;
  return (
    <Dialog
      wide
      title="Take records in"
      onClose={onClose}
      footer={
        work === null ? (
          <>
            <Button onClick={onClose}>Take none in</Button>
            <Button
              kind="primary"
              icon="plus"
              blocked={
                isReady ? null : isNone ? 'Name the records first' : preview === null ? 'It is being counted' : 'There is none to take in'
              }
              onClick={() => void start()}
            >
              {isReady ? `Take ${numberWords(preview.created)}${preview.isWhole ? '' : '+'} in` : 'Take in'}
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
                ? `${countWords(work.created, 'record')} taken in.${work.error || !work.isWhole ? ' Then it stopped.' : ''}`
                : `${numberWords(work.seen)} looked at …`
            }
            done={work.isOver ? 1 : work.seen}
            of={work.isOver ? 1 : preview?.isWhole ? preview.seen : null}
          />
          {work.error && <ErrorPanel error={work.error} />}
          <Others sum={work} />
        </div>
      ) : (
        <>
          <p>
            Each begins in <strong class="mono">{machine.initialState}</strong>; no transition is asked. Records that have an instance are
            left alone.
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
          {which === 'some' && (
            <Field label="Ids" hint="Between them a comma, a space or a new line." problem={tooMany}>
              {(control) => (
                <textarea
                  {...control}
                  class="textarea mono"
                  rows={3}
                  value={text}
                  onInput={(event) => setText(event.currentTarget.value)}
                />
              )}
            </Field>
          )}
          {!isNone && tooMany === null && (
            <section class="stack" aria-label="What would be taken in">
              {preview === null ? (
                <Skeleton what="what would be taken in" rows={2} />
              ) : preview.error ? (
                <ErrorPanel error={preview.error} />
              ) : (
                <p class="bulk-count">
                  <strong class="numbers">{numberWords(preview.created)}</strong> of {preview.isWhole ? '' : 'the first '}
                  {countWords(preview.seen, 'record')} would begin.
                </p>
              )}
              {preview && <Others sum={preview} />}
            </section>
          )}
          <Field label="Reason (optional)" hint="Kept in the audit.">
            {(control) => (
              <input {...control} class="input" maxLength={1000} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
            )}
          </Field>
        </>
      )}
    </Dialog>
  );
}

function Others({ sum: { existing, missing } }: { sum: Sum }): VNode | null {
  if (existing === 0 && missing.length === 0) return null;
  return (
    <ul class="bulk-groups">
      {existing > 0 && (
        <li>
          <span class="numbers bulk-number">{numberWords(existing)}</span>
          <span>{existing === 1 ? 'has' : 'have'} an instance already.</span>
        </li>
      )}
      {missing.length > 0 && (
        <li>
          <span class="numbers bulk-number">{numberWords(missing.length)}</span>
          <span>
            {missing.length === 1 ? 'is' : 'are'} no record of the CRM: {listWords(missing.slice(0, 5))}
            {missing.length > 5 && ' and others'}.
          </span>
        </li>
      )}
    </ul>
  );
}

async function through(id: string, body: Record<string, unknown>, most: number, onPart: (sum: Sum) => boolean): Promise<Sum> {
  let sum = NOTHING;
  let cursor: string | null = null;
  for (let calls = 0; calls < most; calls += 1) {
    try {
      const part: TakenIn = await call<TakenIn>('POST', `machines/${id}/instances`, {
        body: { ...body, ...(cursor !== null && { cursor }) },
      });
      cursor = part.nextCursor;
      sum = {
        seen: sum.seen + part.seen,
        created: sum.created + part.created,
        existing: sum.existing + part.existing,
        missing: [...sum.missing, ...part.missing],
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
