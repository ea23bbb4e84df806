import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { useCatalog, useMay } from '../../api/me.js';
import { forget } from '../../api/query.js';
import type { WorkflowItem, WorkflowStatistics } from '../../api/types.js';
import { hrefOf } from '../../model/route.js';
import { countWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { toast, toastError } from '../../ui/live.js';
import { navigate } from '../../ui/location.js';
import { Status } from '../../ui/status.js';
import { Switch } from '../../ui/switch.js';
import { latePart } from '../late.js';

const PublishDialog = latePart(() => import('../editor/publish-dialog.js').then((part) => part.PublishDialog));

/** Whether a workflow starts runs. It changes at once, and goes back with the reason when that is refused. */
export function WorkflowSwitch({ workflow }: { workflow: WorkflowItem }): VNode {
  const { id, name, status } = workflow;
  const mayOperate = useMay('operate');
  const [wanted, setWanted] = useState<boolean | null>(null);
  if (status === 'draft') return <Draft workflow={workflow} />;
  if (status === 'archived') return <Status status={status} />;
  const isActive = wanted ?? status === 'active';

  const change = async (active: boolean): Promise<void> => {
    setWanted(active);
    try {
      await call('POST', `workflows/${id}/${active ? 'activate' : 'pause'}`);
      await tell(active);
      await forget('workflows');
    } catch (error) {
      toastError(active ? `“${name}” could not be made active` : `“${name}” could not be paused`, error);
    } finally {
      setWanted(null);
    }
  };
  const tell = async (active: boolean): Promise<void> => {
    const undo = { action: { label: 'Undo', run: () => void change(!active) } };
    if (active) {
      toast(`“${name}” is active.`, undo);
      return;
    }
    const inFlight = await call<WorkflowStatistics>('GET', `workflows/${id}/stats`).then(
      ({ unfinished }) => unfinished.reduce((sum, { runs }) => sum + runs, 0),
      () => null,
    );
    toast(`“${name}” is paused.`, {
      ...undo,
      ...(inFlight ? { detail: `${countWords(inFlight, 'run')} in flight ${inFlight === 1 ? 'finishes' : 'finish'}.` } : {}),
    });
  };

  return (
    <Switch
      checked={isActive}
      label={`${name}: active`}
      words={isActive ? 'Active' : 'Paused'}
      blocked={mayOperate ? null : 'This takes the permission automation:operate'}
      onChange={(active) => void change(active)}
    />
  );
}

/** What was never published starts nothing: in place of a switch there is the way to that. */
function Draft({ workflow }: { workflow: WorkflowItem }): VNode {
  const [isPublishing, setPublishing] = useState(false);
  const catalog = useCatalog();
  const mayManage = useMay('manage');
  return (
    <span class="row">
      <Status status="draft" />
      {mayManage && catalog && (
        <Button small aria-label={`Publish “${workflow.name}” …`} onClick={() => setPublishing(true)}>
          Publish …
        </Button>
      )}
      {isPublishing && catalog && (
        <PublishDialog
          workflow={workflow}
          catalog={catalog}
          onProblem={() => navigate(hrefOf(`workflows/${workflow.id}`))}
          onPublished={() => setPublishing(false)}
          onClose={() => setPublishing(false)}
        />
      )}
    </span>
  );
}
