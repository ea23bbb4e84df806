import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useCatalog, useMay } from '../../api/me.js';
import { forget } from '../../api/query.js';
import { hrefOf } from '../../model/route.js';
import { numberWords } from '../../model/words.js';
import { saveDefinition } from '../../parts/definitions/transfer.js';
import { DiffView } from '../../parts/diff/diff-view.js';
import { VersionList } from '../../parts/versions/version-list.js';
import type { Column } from '../../ui/table.js';
import { PublishDialog } from '../editor/publish-dialog.js';
import type { WorkflowDetail, WorkflowVersionItem } from '../editor/types.js';
import { WorkflowFrame } from './workflow-frame.js';

/** Every published version of a workflow, and how many runs are on each. */
export function VersionsTab({ id }: { id: string }): VNode {
  return (
    <WorkflowFrame id={id} current="versions">
      {(workflow) => <Versions workflow={workflow} />}
    </WorkflowFrame>
  );
}

function Versions({ workflow }: { workflow: WorkflowDetail }): VNode {
  const { id, status, module } = workflow;
  const catalog = useCatalog();
  const mayChange = useMay('manage') && status !== 'archived';
  const [again, setAgain] = useState<number | null>(null);
  return (
    <>
      <VersionList<WorkflowVersionItem>
        path={`workflows/${id}`}
        staying="Runs stay on the version that they have started with."
        on={underWay(id)}
        onAgain={mayChange ? setAgain : null}
        more={({ version }) => [
          ...(mayChange ? [{ label: 'Edit from here', icon: 'pencil' as const, href: hrefOf(`workflows/${id}`, { from: version }) }] : []),
          { label: 'Export', icon: 'download', onSelect: () => void saveDefinition({ kind: 'workflows', ...workflow }, version) },
        ]}
        drawDiff={(diff) => <DiffView diff={diff} catalog={catalog} module={module} />}
      />
      {again !== null && catalog && (
        <PublishDialog
          workflow={workflow}
          catalog={catalog}
          fromVersion={again}
          onPublished={() => {
            setAgain(null);
            void forget(`workflows/${id}`);
          }}
          onClose={() => setAgain(null)}
        />
      )}
    </>
  );
}

function underWay(id: string): Column<WorkflowVersionItem> {
  return {
    id: 'runs',
    label: 'Runs under way',
    numeric: true,
    tight: true,
    cell: ({ version, unfinishedRuns }) =>
      unfinishedRuns === 0 ? (
        <span class="quiet">0</span>
      ) : (
        <a href={hrefOf(`workflows/${id}/runs`, { version, status: 'waiting,running,queued' })}>{numberWords(unfinishedRuns)}</a>
      ),
  };
}
