import type { ComponentChildren, VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { forget, useAsk } from '../../api/query.js';
import type { WorkflowStatistics } from '../../api/types.js';
import { hrefOf } from '../../model/route.js';
import { countWords } from '../../model/words.js';
import { ActionDialog } from '../../parts/dialogs/action-dialog.js';
import { Button } from '../../ui/button.js';
import { toast } from '../../ui/live.js';
import { navigate } from '../../ui/location.js';
import type { WorkflowDetail } from '../editor/types.js';
import { archiveOf } from '../workflows/archive.js';
import { DeleteWorkflowDialog } from '../workflows/delete-dialog.js';

/** What ends a workflow, for a while or for good, and what each of it means. */
export function DangerZone({ workflow, onChanged }: { workflow: WorkflowDetail; onChanged: (workflow: WorkflowDetail) => void }): VNode {
  const { id, name, status, version } = workflow;
  const { archive, restore } = archiveOf(workflow);
  const [asking, setAsking] = useState<'unpublish' | 'delete' | null>(null);
  const statistics = useAsk<WorkflowStatistics>(`workflows/${id}/stats`, { every: 15_000 });
  const inFlight = (statistics.data?.unfinished ?? []).reduce((sum, { runs }) => sum + runs, 0);
  const finishing =
    inFlight === 0 ? 'No run is under way.' : `${countWords(inFlight, 'run')} in flight ${inFlight === 1 ? 'finishes' : 'finish'}.`;
  const close = (): void => setAsking(null);
  const tell = async (): Promise<void> => onChanged(await call<WorkflowDetail>('GET', `workflows/${id}`));
  const act = async (command: () => Promise<boolean>): Promise<void> => {
    if (await command()) await tell();
  };
  return (
    <section class="panel panel-flush danger" aria-label="What ends it">
      <header class="panel-head">
        <h2>What ends it</h2>
      </header>
      <ul class="panel-body danger-list">
        {version !== null && status !== 'archived' && (
          <Ending
            title="Unpublish"
            meaning={`It starts nothing more, and is a draft again. ${finishing} Its versions stay, and the next one gets the next number.`}
          >
            <Button onClick={() => setAsking('unpublish')}>Unpublish …</Button>
          </Ending>
        )}
        {status === 'archived' ? (
          <Ending
            title="Take out of the archive"
            meaning={`It is ${version === null ? 'a draft' : 'paused'} then, and can be edited again.`}
          >
            <Button icon="box" onClick={() => void act(restore)}>
              Take out
            </Button>
          </Ending>
        ) : (
          <Ending title="Archive" meaning={`It starts nothing more, is not edited and not listed. ${finishing} It can be taken out again.`}>
            <Button icon="box" onClick={() => void act(archive)}>
              Archive
            </Button>
          </Ending>
        )}
        <Ending
          title="Delete"
          meaning={
            inFlight === 0 ? (
              'Its definition, versions and what it remembers are gone for good. Its runs stay in the log.'
            ) : (
              <>
                Not while runs are under way:{' '}
                <a href={hrefOf(`workflows/${id}/runs`, { status: 'waiting,running,queued' })}>{countWords(inFlight, 'run')}</a> to be
                awaited or cancelled first.
              </>
            )
          }
        >
          <Button kind="danger" icon="trash" blocked={inFlight > 0 ? 'Runs are under way' : null} onClick={() => setAsking('delete')}>
            Delete …
          </Button>
        </Ending>
      </ul>
      {asking === 'unpublish' && (
        <ActionDialog
          title={`Unpublish “${name}”?`}
          keep="Leave it published"
          verb="Unpublish"
          danger
          act={() => call('POST', `workflows/${id}/unpublish`)}
          onDone={() => {
            toast(`“${name}” is a draft again.`);
            void forget('workflows');
            void tell();
          }}
          onClose={close}
        >
          <p>It starts nothing more. {finishing}</p>
          <p>To stop it for a while, pause it: then one switch brings it back.</p>
        </ActionDialog>
      )}
      {asking === 'delete' && <DeleteWorkflowDialog workflow={workflow} onDeleted={() => navigate('workflows')} onClose={close} />}
    </section>
  );
}

function Ending({ title, meaning, children }: { title: string; meaning: ComponentChildren; children: VNode }): VNode {
  return (
    <li>
      <div>
        <h3>{title}</h3>
        <p>{meaning}</p>
      </div>
      {children}
    </li>
  );
}
