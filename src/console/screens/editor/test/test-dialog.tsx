import './test-dialog.css';
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Json, JsonObject } from '../../../../core/json.js';
import { ApiError, call } from '../../../api/client.js';
import type { RunDetail } from '../../../api/types.js';
import { type Catalog, isObject } from '../../../model/catalog.js';
import { answerWords } from '../../../model/explanation.js';
import { placedSteps } from '../../../model/step-tree.js';
import { countWords, nameWords } from '../../../model/words.js';
import { stepOfPath } from '../../../model/would-words.js';
import { Button } from '../../../ui/button.js';
import { Dialog } from '../../../ui/dialog.js';
import { Icon } from '../../../ui/icon.js';
import { ErrorPanel, Skeleton } from '../../../ui/states.js';
import { Status } from '../../../ui/status.js';
import { Time } from '../../../ui/time.js';
import type { PreviewRecord } from '../preview.js';
import { SubjectForm, subjectBody, type TestSubject } from './test-subject.js';
import type { Tested } from './tested.js';
import { TestedStepView } from './tested-step.js';

interface TestDialogProps {
  workflowId: string;
  definition: JsonObject;
  module: string | null;
  catalog: Catalog;
  record: PreviewRecord | null;
  /** What the address says it begins with: `run:…` or `event:…`. */
  begin: string | null;
  onClose: () => void;
}

type Samples = Readonly<Record<string, Json>>;

const PAUSE_MS = 300;

/** What the draft would do with a record, an event or a sample. Nothing of it is done. */
export function TestDialog({ workflowId, definition, module, catalog, record, begin, onClose }: TestDialogProps): VNode {
  const [subject, setSubject] = useState<TestSubject>(() => startOf(begin, record));
  const [samples, setSamples] = useState<Samples>({});
  const [answer, setAnswer] = useState<Tested | ApiError | null>(null);
  const [turn, setTurn] = useState(0);
  const runId = begin?.startsWith('run:') ? begin.slice('run:'.length) : null;
  useRunSubject(runId, catalog, {
    onFound: (eventId, answers) => {
      setSubject((now) => ({ ...now, eventId }));
      setSamples(answers);
    },
    onError: setAnswer,
  });
  const body = subjectBody(subject);
  const key = body === null ? null : JSON.stringify([body, samples, turn]);
  useEffect(() => {
    if (body === null) return;
    const leaving = new AbortController();
    const timer = setTimeout(() => {
      call<Tested>('POST', `workflows/${workflowId}/test`, { body: { subject: body, samples }, signal: leaving.signal })
        .then(setAnswer)
        .catch((error: unknown) => {
          if (error instanceof ApiError) setAnswer(error);
        });
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [key]);
  const setSample = (id: string, sample: Json | undefined): void => {
    const { [id]: _before, ...others } = samples;
    setSamples(sample === undefined ? others : { ...others, [id]: sample });
  };
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
      <SubjectForm
        subject={subject}
        onChange={setSubject}
        workflowId={workflowId}
        definition={definition}
        module={module}
        catalog={catalog}
      />
      <p class="quiet">Nothing is written, sent or started.</p>
      {answer instanceof ApiError ? (
        <ErrorPanel error={answer.body} />
      ) : answer !== null && body !== null ? (
        <Result tested={answer} definition={definition} module={module} catalog={catalog} samples={samples} onSample={setSample} />
      ) : (
        body !== null && <Skeleton what="what it would do" rows={4} />
      )}
    </Dialog>
  );
}

function startOf(begin: string | null, record: PreviewRecord | null): TestSubject {
  const [kind, id] = begin?.split(':') ?? [];
  return {
    kind: kind === 'run' || kind === 'event' ? 'event' : record === null ? 'sample' : 'record',
    record,
    eventId: kind === 'event' ? (id ?? null) : null,
    sample: undefined,
    changes: undefined,
    trigger: undefined,
  };
}

interface RunFound {
  onFound: (eventId: string | null, answers: Samples) => void;
  onError: (error: ApiError) => void;
}

/** Takes the event of a run, and what other systems have answered to its steps. */
function useRunSubject(runId: string | null, catalog: Catalog, { onFound, onError }: RunFound): void {
  useEffect(() => {
    if (runId === null) return;
    const leaving = new AbortController();
    call<RunDetail>('GET', `runs/${runId}`, { signal: leaving.signal })
      .then(({ eventId, steps }) => {
        const isExternal = (type: string): boolean => catalog.actions.some((one) => one.type === type && one.effect === 'external');
        const answered = steps.filter(({ type, output, superseded }) => output !== null && !superseded && isExternal(type));
        onFound(eventId, Object.fromEntries(answered.map(({ path, output }) => [stepOfPath(path), output as JsonObject])));
      })
      .catch((error: unknown) => {
        if (error instanceof ApiError) onError(error);
      });
    return () => leaving.abort();
  }, [runId]);
}

interface ResultProps {
  tested: Tested;
  definition: JsonObject;
  module: string | null;
  catalog: Catalog;
  samples: Samples;
  onSample: (id: string, sample: Json | undefined) => void;
}

function Result({ tested, definition, module, catalog, samples, onSample }: ResultProps): VNode {
  const { start, steps, moreSteps, outcome, endsAt } = tested;
  const numberOf = (id: string): string => placedSteps(definition).find(({ step }) => step.id === id)?.number ?? '';
  return (
    <>
      <p class={`preview-answer ${start.starts ? 'soft-ok tone-ok' : 'soft-warn tone-warn'}`}>
        <Icon name={start.starts ? 'check' : 'skip'} />
        {startWords(start, module, catalog)}
      </p>
      <ol class="tested">
        {steps.map((step) => {
          const id = stepOfPath(step.path);
          return (
            <li key={`${step.path} ${step.attempt}`}>
              <TestedStepView
                step={step}
                number={numberOf(id)}
                catalog={catalog}
                sample={samples[id]}
                onSample={(sample) => onSample(id, isObject(sample) ? sample : undefined)}
              />
            </li>
          );
        })}
      </ol>
      {moreSteps > 0 && <p class="quiet">And {countWords(moreSteps, 'more step', 'more steps')}.</p>}
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
