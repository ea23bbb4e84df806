import { call } from '../../api/client.js';
import { drop, forget } from '../../api/query.js';
import type { WorkflowItem } from '../../api/types.js';
import { download } from '../../ui/download.js';
import { toast, toastError } from '../../ui/live.js';

/** What is done to a workflow as a whole. Each says how it went; true when it went well. */
interface WorkflowCommands {
  copy(): Promise<boolean>;
  archive(): Promise<boolean>;
  restore(): Promise<boolean>;
  unpublish(): Promise<boolean>;
  remove(): Promise<boolean>;
  /** Gives the reader a file; of a version, or of the draft. */
  save(version?: number): Promise<boolean>;
}

/** Returns the commands of a workflow. */
export function commandsOf({ id, name, code, status }: WorkflowItem): WorkflowCommands {
  const act = async (done: string | null, failed: string, work: () => Promise<unknown>, undo?: () => void): Promise<boolean> => {
    try {
      await work();
      if (done !== null) toast(done, undo && { action: { label: 'Undo', run: undo } });
      await forget('workflows');
      return true;
    } catch (error) {
      toastError(failed, error);
      return false;
    }
  };
  const post = (command: string, body?: object): Promise<unknown> => call('POST', `workflows/${id}/${command}`, { body });
  const notBack = `“${name}” could not be taken out of the archive`;
  return {
    copy: () => act(`“${name}” is copied, as a draft.`, `“${name}” could not be copied`, () => post('copy', {})),
    archive: () =>
      act(
        `“${name}” is archived.`,
        `“${name}” could not be archived`,
        () => post('archive'),
        () =>
          void act(`“${name}” is as it was.`, notBack, async () => {
            await post('restore');
            if (status === 'active') await post('activate');
          }),
      ),
    restore: () => act(`“${name}” is back.`, notBack, () => post('restore')),
    unpublish: () => act(`“${name}” is a draft again.`, `“${name}” could not be taken back`, () => post('unpublish')),
    remove: () =>
      act(`“${name}” is deleted.`, `“${name}” could not be deleted`, async () => {
        await call('DELETE', `workflows/${id}`);
        drop(`workflows/${id}`);
      }),
    save: (version) =>
      act(null, `“${name}” could not be exported`, async () => {
        download(
          `${code}${version === undefined ? '' : `-v${version}`}.json`,
          await call('GET', `workflows/${id}/export`, { query: { version } }),
        );
      }),
  };
}
