import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { forget } from '../../api/query.js';
import type { ReplayResult } from '../../api/types.js';
import { countWords } from '../../model/words.js';
import { ActionDialog } from '../../parts/dialogs/action-dialog.js';
import { usePreview } from '../../parts/dialogs/use-preview.js';
import { toast } from '../../ui/live.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';
import { Mark } from '../../ui/status.js';

/** Gives an event to workflows again, after saying what would run. */
export function ReplayDialog({ eventId, onClose }: { eventId: string; onClose: () => void }): VNode {
  const [again, setAgain] = useState(false);
  const replay = (dryRun: boolean): Promise<ReplayResult> => call('POST', `events/${eventId}/replay`, { body: { again, dryRun } });
  const { preview, error } = usePreview(String(again), () => replay(true));
  const starting = preview?.workflows.filter(({ verdict }) => verdict === 'starts').length ?? 0;
  const nobody = starting === 0 ? 'No workflow would start' : null;
  return (
    <ActionDialog
      title="Replay this event"
      keep="Leave it"
      verb="Replay"
      icon="retry"
      blocked={preview === null ? 'It is being found out what would run' : nobody}
      act={() => replay(false)}
      onDone={() => {
        toast(`Given to ${countWords(starting, 'workflow')} again.`);
        void forget('events', 'records', 'runs');
      }}
      onClose={onClose}
    >
      <p>The event is given to the workflows that listen to it now, with all that it carried then.</p>
      <label class="check">
        <input type="checkbox" checked={again} onChange={(event) => setAgain(event.currentTarget.checked)} />
        Also to those that have run on it already
      </label>
      {error ? (
        <ErrorPanel error={error} />
      ) : preview === null ? (
        <Skeleton what="what would run" rows={2} />
      ) : preview.workflows.length === 0 ? (
        <p class="quiet">No workflow listens to it now.</p>
      ) : (
        <ul class="stack">
          {preview.workflows.map(({ workflowId, workflowName, verdict, reason }) => (
            <li key={workflowId} class="row">
              <b>{workflowName}</b>
              {verdict === 'starts' && (
                <Mark tone="ok" icon="check">
                  would be asked again
                </Mark>
              )}
              {verdict === 'ran' && <Mark icon="dash">has run on it, and is left alone</Mark>}
              {verdict === 'refused' && <Mark tone="bad" icon="cross">{`would not run: ${reason ?? 'its rules keep it out'}`}</Mark>}
            </li>
          ))}
        </ul>
      )}
    </ActionDialog>
  );
}
