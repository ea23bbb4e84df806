import './machines.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Catalog } from '../../model/catalog.js';
import { subjectWords } from '../../model/machine.js';
import { countWords, numberWords } from '../../model/words.js';
import { DraftMarks } from '../../parts/drafts/draft-marks.js';
import { Button } from '../../ui/button.js';
import { Mark } from '../../ui/status.js';
import type { Column } from '../../ui/table.js';
import { Time } from '../../ui/time.js';
import { DefinitionList, DefinitionName } from '../lists/definition-list.js';
import { MachineActions } from './machine-actions.js';
import { MachineSwitch } from './machine-switch.js';
import { NewMachineDialog } from './new-machine-dialog.js';
import type { MachineItem } from './types.js';

const STATUSES = { all: { words: 'All' }, words: { active: 'Enabled', paused: 'Disabled', draft: 'Draft' } };

/** All state machines: what each follows, whether it does, and how many are on their way. */
export function MachineList(): VNode {
  const [isNew, setNew] = useState(false);
  return (
    <>
      <DefinitionList<MachineItem>
        kind="machines"
        title="State machines"
        sub="Where records stand, and what takes them from one state to the next."
        what="state machine"
        icon="machine"
        meaning="A state machine says in which states a record can be, and what leads from one to the next."
        statuses={STATUSES}
        columns={columnsOf}
        create={
          <Button kind="primary" icon="plus" onClick={() => setNew(true)}>
            New state machine
          </Button>
        }
      />
      {isNew && <NewMachineDialog onClose={() => setNew(false)} />}
    </>
  );
}

function columnsOf(catalog: Catalog | null): Column<MachineItem>[] {
  return [
    {
      id: 'name',
      label: 'Name',
      sort: 'name',
      narrow: 'title',
      cell: (machine) => (
        <DefinitionName href={`machines/${machine.id}`} item={machine}>
          <DraftMarks item={machine} />
          <Disabled machine={machine} />
        </DefinitionName>
      ),
    },
    { id: 'for', label: 'Follows', cell: (machine) => subjectWords(machine.for ?? undefined, catalog) },
    {
      id: 'initial',
      label: 'Begins in',
      cell: ({ initialState }) =>
        initialState === null ? <span class="quiet">nowhere yet</span> : <span class="mono">{initialState}</span>,
    },
    {
      id: 'instances',
      label: 'On their way',
      numeric: true,
      cell: ({ id, activeInstances, instances }) => (
        <a href={`machines/${id}/instances`} title={`${countWords(instances, 'instance')} in all`}>
          {numberWords(activeInstances)}
        </a>
      ),
    },
    { id: 'status', label: 'Status', sort: 'status', tight: true, cell: (machine) => <MachineSwitch machine={machine} /> },
    { id: 'updated', label: 'Changed', sort: 'updatedAt', tight: true, cell: ({ updatedAt }) => <Time at={updatedAt} /> },
    {
      id: 'actions',
      label: 'Actions',
      unnamed: true,
      tight: true,
      narrow: 'corner',
      cell: (machine) => <MachineActions machine={machine} />,
    },
  ];
}

function Disabled({ machine: { disabledBy, disabledReason } }: { machine: MachineItem }): VNode | null {
  if (!disabledBy?.name) return null;
  return <Mark icon="pause">{`disabled by ${disabledBy.name}${disabledReason ? `: ${disabledReason}` : ''}`}</Mark>;
}
