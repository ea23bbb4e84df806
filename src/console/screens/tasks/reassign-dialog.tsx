import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { useMe } from '../../api/me.js';
import { forget, useAsk } from '../../api/query.js';
import type { TaskDetail } from '../../api/types.js';
import { ActionDialog } from '../../parts/dialogs/action-dialog.js';
import { FormInput } from '../../parts/tasks/form-input.js';
import { Choices, Field, NoteField, SelectBox } from '../../ui/field.js';
import { toast } from '../../ui/live.js';

interface Queues {
  items: { name: string; label: string | null }[];
}

/** Has somebody else do a task: a person, whoever works in a queue, or one in the place of another who votes. */
export function ReassignDialog({ task, onClose }: { task: TaskDetail; onClose: () => void }): VNode {
  const queues = useAsk<Queues>('queues');
  const asked = task.people.filter(({ isAsked, isReplaced }) => isAsked && !isReplaced);
  // Each of several answers for themselves: only one of them can be replaced.
  const isVote = task.kind === 'approval' && task.queue === null && asked.length > 1;
  const waiting = asked.filter(({ decidedAt }) => decidedAt === null);
  const [to, setTo] = useState<'user' | 'queue'>('user');
  const [userId, setUserId] = useState('');
  const [queue, setQueue] = useState('');
  const [from, setFrom] = useState(waiting[0]?.id ?? '');
  const [note, setNote] = useState('');
  const isQueue = to === 'queue' && !isVote;
  return (
    <ActionDialog
      title="Ask somebody else"
      keep="Leave it"
      verb="Reassign"
      icon="person"
      blocked={(isQueue ? queue : userId) === '' ? 'Say who is to do it' : null}
      act={() => {
        const body = { ...(isQueue ? { queue } : { userId }), ...(isVote && { from }), note: note.trim() || null };
        return call('POST', `tasks/${task.id}/reassign`, { body });
      }}
      onDone={() => {
        toast('Somebody else is asked now.');
        void forget('tasks');
      }}
      onClose={onClose}
    >
      {(error) => {
        const problemOf = (name: string): string | null => error?.problems?.find(({ path }) => path === name)?.message ?? null;
        return (
          <>
            {isVote ? (
              <Field label="In whose place" problem={problemOf('from')}>
                {(control) => (
                  <SelectBox {...control} value={from} onChange={setFrom}>
                    {waiting.map(({ id, name }) => (
                      <option key={id} value={id}>
                        {name}
                      </option>
                    ))}
                  </SelectBox>
                )}
              </Field>
            ) : (
              <Choices<'user' | 'queue'>
                legend="Who is to do it"
                value={to}
                onChange={setTo}
                options={[
                  { value: 'user', label: 'A person' },
                  {
                    value: 'queue',
                    label: 'Whoever works in a queue',
                    blocked: queues.data?.items.length === 0 ? 'There is no queue.' : null,
                  },
                ]}
              />
            )}
            {isQueue ? (
              <Field label="Queue" problem={problemOf('queue')}>
                {(control) => (
                  <SelectBox {...control} value={queue} onChange={setQueue}>
                    <option value="">Choose …</option>
                    {(queues.data?.items ?? []).map(({ name, label }) => (
                      <option key={name} value={name}>
                        {label ?? name}
                      </option>
                    ))}
                  </SelectBox>
                )}
              </Field>
            ) : (
              <Person value={userId} problem={problemOf('userId')} onChange={setUserId} />
            )}
            <NoteField label="Note (optional)" hint="Kept in the task’s history." value={note} onChange={setNote} />
          </>
        );
      }}
    </ActionDialog>
  );
}

function Person({ value, problem, onChange }: { value: string; problem: string | null; onChange: (id: string) => void }): VNode {
  const canSearch = useMe().data?.features.lookUps.users ?? false;
  if (canSearch) {
    return (
      <FormInput
        field={{ name: 'userId', label: 'Person', type: 'user', required: true }}
        value={value}
        problem={problem}
        onChange={(id) => onChange(typeof id === 'string' ? id : '')}
      />
    );
  }
  return (
    <Field label="Id of the person" problem={problem}>
      {(control) => <input {...control} class="input" value={value} onInput={(event) => onChange(event.currentTarget.value.trim())} />}
    </Field>
  );
}
