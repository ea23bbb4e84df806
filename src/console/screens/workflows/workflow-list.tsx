import type { VNode } from 'preact';
import type { WorkflowItem } from '../../api/types.js';
import type { Catalog } from '../../model/catalog.js';
import { triggerWords } from '../../model/definition-words.js';
import { hrefOf } from '../../model/route.js';
import { numberWords } from '../../model/words.js';
import { Sparkbar } from '../../ui/sparkbar.js';
import { statusLook } from '../../ui/status.js';
import type { Column } from '../../ui/table.js';
import { Time } from '../../ui/time.js';
import { latePart } from '../late.js';
import { DefinitionList, DefinitionName } from '../lists/definition-list.js';
import { NewLink } from './new-link.js';
import { WorkflowActions } from './workflow-actions.js';
import { WorkflowMarks } from './workflow-marks.js';
import { WorkflowSwitch } from './workflow-switch.js';

const FirstRecipes = latePart(() => import('../../parts/recipes/first-recipes.js').then((part) => part.FirstRecipes));

const STATUSES = {
  all: { words: 'All but archived', asked: 'draft,active,paused' },
  words: Object.fromEntries(['active', 'paused', 'draft', 'archived'].map((status) => [status, statusLook(status).word])),
};

/** All workflows: what starts each, whether it does, and how it goes. */
export function WorkflowList(): VNode {
  return (
    <DefinitionList<WorkflowItem>
      kind="workflows"
      title="Workflows"
      sub="What happens by itself when something happens in the CRM."
      what="workflow"
      icon="workflows"
      meaning="A workflow says what starts it, for which records, and what it does."
      statuses={STATUSES}
      byEvent
      columns={columnsOf}
      create={<NewLink />}
      begin={<FirstRecipes />}
    />
  );
}

function columnsOf(catalog: Catalog | null): Column<WorkflowItem>[] {
  return [
    {
      id: 'name',
      label: 'Name',
      sort: 'name',
      narrow: 'title',
      cell: (workflow) => (
        <DefinitionName href={hrefOf(`workflows/${workflow.id}`)} item={workflow}>
          <WorkflowMarks workflow={workflow} />
        </DefinitionName>
      ),
    },
    { id: 'trigger', label: 'Starts', sort: 'module', cell: ({ trigger }) => triggerWords(trigger ?? undefined, catalog) },
    { id: 'status', label: 'Status', sort: 'status', tight: true, cell: (workflow) => <WorkflowSwitch workflow={workflow} /> },
    {
      id: 'runs',
      label: 'Runs',
      sort: 'runCount',
      numeric: true,
      cell: ({ id, runCount }) => <a href={hrefOf(`workflows/${id}/runs`)}>{numberWords(runCount)}</a>,
    },
    {
      id: 'failed',
      label: 'Failed in 7 days',
      sort: 'failed7d',
      numeric: true,
      cell: ({ id, failed7d }) =>
        failed7d === 0 ? (
          <span class="quiet">0</span>
        ) : (
          <a class="tone-bad" href={hrefOf('runs', { workflowId: id, status: 'failed', period: 'P7D' })}>
            {numberWords(failed7d)}
          </a>
        ),
    },
    {
      id: 'success',
      label: 'Success',
      sort: 'successRate7d',
      tight: true,
      cell: ({ succeeded7d, failed7d }) => (
        <Sparkbar
          good={succeeded7d}
          bad={failed7d}
          label={`In 7 days ${numberWords(succeeded7d)} succeeded, ${numberWords(failed7d)} failed`}
        />
      ),
    },
    {
      id: 'lastRun',
      label: 'Last run',
      sort: 'lastRunAt',
      tight: true,
      cell: ({ lastRunAt }) => (lastRunAt === null ? <span class="quiet">never</span> : <Time at={lastRunAt} />),
    },
    {
      id: 'actions',
      label: 'Actions',
      unnamed: true,
      tight: true,
      narrow: 'corner',
      cell: (workflow) => <WorkflowActions workflow={workflow} />,
    },
  ];
}
