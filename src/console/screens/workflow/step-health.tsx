import type { VNode } from 'preact';
import { useCatalog } from '../../api/me.js';
import type { WorkflowStatistics } from '../../api/types.js';
import { stepWords } from '../../model/definition-words.js';
import { placedSteps } from '../../model/step-tree.js';
import { numberWords } from '../../model/words.js';
import { Panel } from '../../ui/page.js';
import { Sparkbar } from '../../ui/sparkbar.js';
import { type Column, Table } from '../../ui/table.js';
import { Took } from '../../ui/time.js';
import type { WorkflowDetail } from '../editor/types.js';

type Step = WorkflowStatistics['steps'][number];

/** How the steps of a workflow did, those that failed most often first. */
export function StepHealth({ steps, workflow }: { steps: readonly Step[]; workflow: WorkflowDetail }): VNode {
  const catalog = useCatalog();
  const known = new Map(placedSteps(workflow.published?.definition ?? workflow.definition).map(({ step }) => [step.id, step]));
  const columns: Column<Step>[] = [
    {
      id: 'step',
      label: 'Step',
      narrow: 'title',
      cell: ({ step: path }) => {
        const step = known.get(path.split('.').at(-1) ?? '');
        return (
          <>
            <span class="cell-main">{step ? stepWords(step, catalog) : path}</span>
            <span class="cell-sub mono">{step ? path : 'of another version'}</span>
          </>
        );
      },
    },
    {
      id: 'success',
      label: 'Success',
      tight: true,
      cell: ({ succeeded, failed }) => (
        <Sparkbar good={succeeded} bad={failed} label={`${numberWords(succeeded)} succeeded, ${numberWords(failed)} failed`} />
      ),
    },
    { id: 'succeeded', label: 'Succeeded', numeric: true, tight: true, cell: ({ succeeded }) => numberWords(succeeded) },
    {
      id: 'failed',
      label: 'Failed',
      numeric: true,
      tight: true,
      cell: ({ failed }) => <span class={failed === 0 ? 'quiet' : 'tone-bad'}>{numberWords(failed)}</span>,
    },
    { id: 'p50', label: 'Half within', numeric: true, tight: true, cell: ({ p50Ms }) => <Took ms={p50Ms} /> },
    { id: 'p95', label: '95 % within', numeric: true, tight: true, cell: ({ p95Ms }) => <Took ms={p95Ms} /> },
  ];
  return (
    <Panel flush title="Steps" aside={<span class="quiet">Attempts that were tried again are not in it</span>}>
      <Table
        caption="Steps"
        columns={columns}
        rows={steps.toSorted((one, other) => other.failed - one.failed)}
        keyOf={({ step }) => step}
      />
    </Panel>
  );
}
