import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { call, type ErrorBody, errorBodyOf } from '../../api/client.js';
import { forget } from '../../api/query.js';
import type { ReplayResult } from '../../api/types.js';
import { countWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { toast } from '../../ui/live.js';
import { ErrorPanel, Skeleton } from '../../ui/states.js';
import { Mark } from '../../ui/status.js';

/** Gives an event to workflows again, after saying what would run. */
export function ReplayDialog({ eventId, onClose }: { eventId: string; onClose: () => void }): VNode {
  const [again, setAgain] = useState(false);
  const [preview, setPreview] = useState<ReplayResult | null>(null);
  const [error, setError] = useState<ErrorBody | null>(null);
  const told = (failure: unknown): void => setError(errorBodyOf(failure));
  useEffect(() => {
    let isOld = false;
    setError(null);
    call<ReplayResult>('POST', `events/${eventId}/replay`, { body: { again, dryRun: true } }).then(
      (answer) => !isOld && setPreview(answer),
      (failure: unknown) => !isOld && told(failure),
    );
    return () => {
      isOld = true;
    };
  }, [again]);
  const starting = preview?.workflows.filter(({ verdict }) => verdict === 'starts').length ?? 0;
  const replay = async (): Promise<void> => {
    try {
      await call('POST', `events/${eventId}/replay`, { body: { again } });
      onClose();
      toast(`Given to ${countWords(starting, 'workflow')} again.`);
      await forget('events', 'records', 'runs');
    } catch (failure) {
      told(failure);
    }
  };
  return (
    <Dialog
      title="Replay this event"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Leave it</Button>
          <Button kind="primary" icon="retry" blocked={starting === 0 ? 'No workflow would start' : null} onClick={() => void replay()}>
            Replay
          </Button>
        </>
      }
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
    </Dialog>
  );
}
