import { call } from '../../api/client.js';
import { forget } from '../../api/query.js';
import type { WorkflowItem } from '../../api/types.js';
import { toast, toastError } from '../../ui/live.js';

/** What puts a workflow away, and takes it back. Each says how it went; true when it went well. */
interface Archive {
  archive(): Promise<boolean>;
  restore(): Promise<boolean>;
}

/** Returns how a workflow is put away. */
export function archiveOf({ id, name, status }: WorkflowItem): Archive {
  const act = async (done: string, failed: string, work: () => Promise<unknown>, undo?: () => void): Promise<boolean> => {
    try {
      await work();
      toast(done, undo && { action: { label: 'Undo', run: undo } });
      await forget('workflows');
      return true;
    } catch (error) {
      toastError(failed, error);
      return false;
    }
  };
  const post = (command: string): Promise<unknown> => call('POST', `workflows/${id}/${command}`);
  const notBack = `“${name}” could not be taken out of the archive`;
  const undo = async (): Promise<void> => {
    await post('restore');
    if (status === 'active') await post('activate');
  };
  return {
    archive: () =>
      act(
        `“${name}” is archived.`,
        `“${name}” could not be archived`,
        () => post('archive'),
        () => void act(`“${name}” is as it was.`, notBack, undo),
      ),
    restore: () => act(`“${name}” is back.`, notBack, () => post('restore')),
  };
}
