import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { forget } from '../../api/query.js';
import type { TaskDetail } from '../../api/types.js';
import { actorWords } from '../../model/actor-words.js';
import { nameWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Field } from '../../ui/field.js';
import { toast, toastError } from '../../ui/live.js';
import { Panel } from '../../ui/page.js';
import { Time } from '../../ui/time.js';

/** What happened to a task and what people had to say about it, with a field for the next to say something. */
export function TaskHistory({ task: { id, history } }: { task: TaskDetail }): VNode {
  return (
    <Panel title="What happened to it">
      <div class="stack">
        {history.length > 0 && (
          <ul class="history">
            {history.map(({ at, actor, action, note }) => (
              <li key={`${at} ${action}`}>
                <b>{actorWords(actor)}</b>
                {action === 'commented' ? ': ' : ` ${nameWords(action).toLowerCase()} it`}
                {note !== null && (action === 'commented' ? <span class="task-said">{note}</span> : `: ${note}`)}
                <span class="cell-sub">
                  <Time at={at} inline />
                </span>
              </li>
            ))}
          </ul>
        )}
        <Comment id={id} />
      </div>
    </Panel>
  );
}

function Comment({ id }: { id: string }): VNode {
  const [text, setText] = useState('');
  const [isBusy, setBusy] = useState(false);
  const say = async (): Promise<void> => {
    if (text.trim() === '') return;
    setBusy(true);
    try {
      await call('POST', `tasks/${id}/comments`, { body: { text: text.trim() } });
      setText('');
      toast('It stands with the task.');
      await forget('tasks');
    } catch (error) {
      toastError('It could not be kept', error);
    }
    setBusy(false);
  };
  return (
    <form
      class="task-comment"
      onSubmit={(event) => {
        event.preventDefault();
        void say();
      }}
    >
      <Field label="Say something about it" hint="Everybody who sees the task can read it. It is no answer.">
        {(control) => (
          <textarea
            {...control}
            class="textarea"
            rows={2}
            maxLength={2000}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
      </Field>
      <Button type="submit" small busy={isBusy} blocked={text.trim() === '' ? 'There is nothing to say yet' : null}>
        Comment
      </Button>
    </form>
  );
}
