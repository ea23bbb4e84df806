import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { call, type ErrorBody, errorBodyOf } from '../../api/client.js';
import { useMe } from '../../api/me.js';
import { forget } from '../../api/query.js';
import type { TaskDetail } from '../../api/types.js';
import { FormInput } from '../../parts/tasks/form-input.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Field } from '../../ui/field.js';
import { toast } from '../../ui/live.js';
import { navigate } from '../../ui/location.js';
import { ErrorPanel } from '../../ui/states.js';
import { type AnswerDraft, AnswerDrafts } from './answer-draft.js';

type Decision = 'approved' | 'rejected';

/** The answer to a task: a decision, or the fields of a form. */
export function Answer({ task }: { task: TaskDetail }): VNode {
  const userId = useMe().data?.user.id ?? '';
  const drafts = useMemo(() => new AnswerDrafts(task, userId), [task.id, userId]);
  const [draft, setDraft] = useState(() => drafts.read());
  const [error, setError] = useState<ErrorBody | null>(null);
  const [deciding, setDeciding] = useState<Decision | null>(null);
  const [isBusy, setBusy] = useState(false);
  if (!task.may.complete) {
    return <p class="quiet">{task.may.claim ? 'Take it first: then you can answer.' : 'Others are asked, not you.'}</p>;
  }
  const change = (next: AnswerDraft): void => {
    setDraft(next);
    drafts.keep(next);
  };
  const send = async (decision: Decision | null): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      const values = Object.fromEntries(Object.entries(draft.values).filter(([, value]) => value !== null));
      const body = {
        ...(decision ? { decision } : { values }),
        comment: draft.comment.trim() || null,
        revision: task.revision,
        door: 'console',
      };
      const { status } = await call<{ status: string }>('POST', `tasks/${task.id}/complete`, { body });
      drafts.drop();
      toast(status === 'open' ? 'Answered. Others are still asked.' : 'Answered. The workflow goes on.');
      setDeciding(null);
      await forget('tasks', 'runs');
    } catch (failure) {
      const told = errorBodyOf(failure);
      setError(told);
      // Somebody was faster: show what they answered.
      if (told.statusCode === 409) await forget('tasks');
    }
    setBusy(false);
  };
  const comment = (needed: boolean): VNode => (
    <Field label={needed ? 'Reason' : 'Comment (optional)'} problem={error?.code === 'answers_invalid' && needed ? error.message : null}>
      {(control) => (
        <textarea
          {...control}
          class="textarea"
          rows={3}
          maxLength={2000}
          value={draft.comment}
          onInput={(event) => change({ ...draft, comment: event.currentTarget.value })}
        />
      )}
    </Field>
  );

  if (task.kind === 'approval') {
    return (
      <>
        <div class="task-answer">
          <Button kind="primary" icon="check" onClick={() => setDeciding('approved')}>
            Approve …
          </Button>
          <Button kind="danger" icon="cross" onClick={() => setDeciding('rejected')}>
            Reject …
          </Button>
        </div>
        {deciding !== null && (
          <Dialog
            title={deciding === 'approved' ? 'Approve it?' : 'Reject it?'}
            onClose={() => setDeciding(null)}
            footer={
              <>
                <Button onClick={() => setDeciding(null)}>Not yet</Button>
                <Button
                  kind={deciding === 'approved' ? 'primary' : 'danger'}
                  icon={deciding === 'approved' ? 'check' : 'cross'}
                  busy={isBusy}
                  blocked={deciding === 'rejected' && task.reasonRequired && draft.comment.trim() === '' ? 'A no needs a reason' : null}
                  onClick={() => void send(deciding)}
                >
                  {deciding === 'approved' ? 'Approve' : 'Reject'}
                </Button>
              </>
            }
          >
            <p>Your answer is final. {goesOn(task, deciding)}</p>
            {comment(deciding === 'rejected' && task.reasonRequired)}
            {error && <ErrorPanel error={error} />}
          </Dialog>
        )}
      </>
    );
  }
  return (
    <form
      class="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void send(null);
      }}
    >
      {task.fields.map((field) => (
        <FormInput
          key={field.name}
          field={field}
          value={draft.values[field.name]}
          problem={error?.problems?.find(({ path }) => path === field.name || path === `values.${field.name}`)?.message ?? null}
          onChange={(value) => change({ ...draft, values: { ...draft.values, [field.name]: value } })}
        />
      ))}
      {comment(false)}
      {error && <ErrorPanel error={error} />}
      <div class="task-answer">
        <Button kind="primary" type="submit" icon="check" busy={isBusy}>
          Submit
        </Button>
        <Button
          icon="clock"
          onClick={() => {
            drafts.keepForLater(draft);
            toast('Kept in this browser, until you submit it.');
            navigate('tasks');
          }}
        >
          Save for later
        </Button>
      </div>
      <small class="quiet">
        {drafts.isKeptForLater ? 'This is what you saved for later. ' : ''}What you type is kept in this tab; saved for later, in this
        browser. Submitting is final.
      </small>
    </form>
  );
}

function goesOn({ votes, workflow }: TaskDetail, decision: Decision): string {
  const name = workflow.name ?? 'The workflow';
  if (votes?.needed != null && decision === 'approved' && votes.approved + 1 < votes.needed) return 'Others are still to agree.';
  return `“${name}” goes on with it.`;
}
