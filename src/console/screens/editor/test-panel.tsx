import './test-panel.css';
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Explanation } from '../../../core/condition/explanation.js';
import type { JsonObject } from '../../../core/json.js';
import { ApiError, call } from '../../api/client.js';
import type { Catalog } from '../../model/catalog.js';
import { isObject } from '../../model/catalog.js';
import { stepKindWords } from '../../model/definition-words.js';
import { answerWords } from '../../model/explanation.js';
import { nameWords, valueWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Icon } from '../../ui/icon.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';
import { Mark, Status } from '../../ui/status.js';
import { Time } from '../../ui/time.js';
import type { Draft } from './draft.js';
import { type PreviewRecord, RecordPicker } from './preview.js';

interface TestedStep {
  path: string;
  attempt: number;
  name: string | null;
  type: string;
  status: string;
  input: JsonObject | null;
  output: JsonObject | null;
  error: { code: string; message: string; hint?: string } | null;
  startedAt: string;
  isSample: boolean;
  until: string | null;
  would: (JsonObject & { kind: string })[];
}

interface Tested {
  start: {
    starts: boolean;
    reason: string | null;
    rule: string | null;
    trigger: { matched: boolean; reason: string | null };
    conditions: Explanation | null;
  };
  steps: TestedStep[];
  moreSteps: number;
  outcome: JsonObject & { status: string };
  endsAt: string;
}

interface TestPanelProps {
  draft: Draft;
  module: string | null;
  catalog: Catalog;
  record: PreviewRecord | null;
  onPick: (record: PreviewRecord | null) => void;
  onClose: () => void;
}

/** What the draft would do with a record, or with a sample. Nothing of it is done. */
export function TestPanel({ draft, module, catalog, record, onPick, onClose }: TestPanelProps): VNode {
  const [answer, setAnswer] = useState<Tested | ApiError | null>(null);
  const [turn, setTurn] = useState(0);
  const { id } = draft.state.get().workflow;
  const subject: JsonObject = record === null ? { sample: {} } : { recordId: record.id };
  const key = JSON.stringify([subject, turn]);
  useEffect(() => {
    const leaving = new AbortController();
    setAnswer(null);
    call<Tested>('POST', `workflows/${id}/test`, { body: { subject }, signal: leaving.signal })
      .then(setAnswer)
      .catch((error: unknown) => {
        if (error instanceof ApiError) setAnswer(error);
      });
    return () => leaving.abort();
  }, [key]);
  return (
    <Dialog
      title="Test the draft"
      wide
      onClose={onClose}
      footer={
        <Button icon="refresh" onClick={() => setTurn(turn + 1)}>
          Again
        </Button>
      }
    >
      {module !== null && (
        <div class="preview-picker">
          <span class="quiet">{record === null ? 'With a sample, or with' : 'With'}</span>
          <RecordPicker module={module} record={record} onPick={onPick} />
        </div>
      )}
      <p class="quiet">Nothing is written, sent or started.</p>
      {answer === null ? (
        <Skeleton what="what it would do" rows={4} />
      ) : answer instanceof ApiError ? (
        <ErrorPanel error={answer.body} />
      ) : (
        <Result tested={answer} module={module} catalog={catalog} />
      )}
    </Dialog>
  );
}

function Result({ tested, module, catalog }: { tested: Tested; module: string | null; catalog: Catalog }): VNode {
  const { start, steps, moreSteps, outcome, endsAt } = tested;
  return (
    <>
      <p class={`preview-answer ${start.starts ? 'soft-ok tone-ok' : 'soft-warn tone-warn'}`}>
        <Icon name={start.starts ? 'check' : 'skip'} />
        {startWords(start, module, catalog)}
      </p>
      <ol class="tested">
        {steps.map((step) => (
          <li key={`${step.path} ${step.attempt}`}>
            <TestStep step={step} catalog={catalog} />
          </li>
        ))}
      </ol>
      {moreSteps > 0 && <p class="quiet">And {moreSteps} more steps.</p>}
      <p class="row">
        <span class="quiet">It would end</span> <Status status={outcome.status} /> <Time at={endsAt} inline />
      </p>
    </>
  );
}

function startWords({ starts, reason, rule, trigger, conditions }: Tested['start'], module: string | null, catalog: Catalog): string {
  if (starts) return 'It would start.';
  const why =
    reason === 'conditions' && conditions
      ? answerWords(conditions, module, catalog)
      : (rule ?? trigger.reason ?? `It would not start: ${nameWords(reason ?? 'unknown')}.`);
  return `${why} Its steps are shown all the same.`;
}

function TestStep({ step, catalog }: { step: TestedStep; catalog: Catalog }): VNode {
  const { name, type, status, input, error, isSample, until, would } = step;
  return (
    <details class="tested-step">
      <summary>
        <Icon name="right" size={12} />
        <span class="step-name">{name ?? stepKindWords(type, catalog)}</span>
        <Status status={status} />
        {isSample && <Mark icon="info">answer made up</Mark>}
        <span class="tested-would">{would.map(wouldWords).join(' · ')}</span>
      </summary>
      <div class="tested-body">
        {error && (
          <p class="tone-bad">
            {error.message} {error.hint} <code>{error.code}</code>
          </p>
        )}
        {until && (
          <p>
            Waits until <Time at={until} inline />
          </p>
        )}
        {would.map((one, index) => (
          <Would key={index} would={one} />
        ))}
        {input && (
          <>
            <h3>Input</h3>
            <pre class="code">{JSON.stringify(input, null, 2)}</pre>
          </>
        )}
      </div>
    </details>
  );
}

function wouldWords(would: TestedStep['would'][number]): string {
  switch (would.kind) {
    case 'change':
      return isObject(would.changes)
        ? Object.entries(would.changes)
            .map(([field, change]) => `${nameWords(field)}: ${isObject(change) ? valueWords(change.to) : valueWords(change)}`)
            .join(', ')
        : 'changes the record';
    case 'mail':
      return `mails “${valueWords(would.subject)}” to ${valueWords(would.to)}`;
    case 'task':
      return `makes the task “${valueWords(would.title ?? (isObject(would.task) ? would.task.title : null))}”`;
    default:
      return nameWords(would.kind).toLowerCase();
  }
}

/** A mail as it will look, as text: nothing of it is loaded or run. */
function Would({ would }: { would: TestedStep['would'][number] }): VNode {
  if (would.kind === 'mail' && typeof would.text === 'string') {
    return (
      <div class="mail">
        <p>
          <strong>{valueWords(would.subject)}</strong>
        </p>
        <p class="quiet">To {valueWords(would.to)}</p>
        <p class="read-only">{would.text}</p>
      </div>
    );
  }
  return <pre class="code">{JSON.stringify(would, null, 2)}</pre>;
}
