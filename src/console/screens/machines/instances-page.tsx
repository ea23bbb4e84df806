import './machines.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useMay } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import { instancesByState, moduleOfMachine, statesOf, transitionsByHand } from '../../model/machine.js';
import { changedQuery, hrefOf, type QueryValues } from '../../model/route.js';
import { momentBefore } from '../../model/run-filter.js';
import { durationWords } from '../../model/time.js';
import { countWords, numberWords } from '../../model/words.js';
import { Button } from '../../ui/button.js';
import { ChooseAll } from '../../ui/choice.js';
import { Select } from '../../ui/field.js';
import { Chips, FilterBar, SearchField } from '../../ui/filter-bar.js';
import { navigate, usePlace } from '../../ui/location.js';
import { Card, Page } from '../../ui/page.js';
import { OlderPages } from '../../ui/pages.js';
import { EmptyState, ErrorPanel, Skeleton } from '../../ui/states.js';
import { Table } from '../../ui/table.js';
import { useNow } from '../../ui/time.js';
import { AdvanceManyDialog } from './advance-many-dialog.js';
import { MACHINES } from './back.js';
import { instanceColumns } from './instance-columns.js';
import { MachineTabs } from './tabs.js';
import { TakeInDialog } from './take-in-dialog.js';
import type { InstancePageOfItems, MachineDetail } from './types.js';

const SHOWN = 50;
const EVERY_MS = 10_000;
const LONGER_THAN = ['PT1H', 'P1D', 'P7D', 'P30D'];
const KINDS: Readonly<Record<string, string>> = {
  overdue: 'Overdue',
  transitioning: 'Transition under way',
  failed: 'Last transition failed',
};

/** The instances of one machine: where each stands, since when, and until when. */
export function InstancesPage({ id }: { id: string }): VNode {
  const { query } = usePlace();
  const mayOperate = useMay('operate');
  const now = useNow();
  const machine = useAsk<MachineDetail>(`machines/${id}`, { keep: false, every: EVERY_MS });
  const [dialog, setDialog] = useState<'advance' | 'advance-chosen' | 'take-in' | null>(null);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const state = (query.get('state') ?? '').split(',').filter(Boolean);
  const [kind, recordId, longer, cursor] = ['kind', 'record', 'longer', 'cursor'].map((name) => query.get(name)) as (string | null)[];
  const enteredBefore = momentBefore(longer ?? null, now);
  const subject = machine.data?.published?.definition.for ?? machine.data?.definition.for;
  const ofRecord = moduleOfMachine(subject) === null ? { runKey: recordId } : { recordId };
  const asked = useAsk<InstancePageOfItems>('instances', {
    query: { machineId: id, state: state.join(','), ...(kind && { [kind]: true }), ...ofRecord, enteredBefore, cursor, limit: SHOWN },
    every: cursor === null ? EVERY_MS : false,
    enabled: machine.data !== undefined,
  });
  const change = (changes: QueryValues): void => {
    setChosen(new Set());
    navigate(hrefOf(`machines/${id}/instances`, changedQuery(query, { cursor: null, ...changes })), { replace: true });
  };
  const chips = [
    ...state.map((one) => ({ label: one, onDrop: () => change({ state: state.filter((other) => other !== one).join(',') }) })),
    ...(kind ? [{ label: KINDS[kind] ?? kind, onDrop: () => change({ kind: null }) }] : []),
    ...(longer ? [{ label: `for more than ${durationWords(longer)}`, onDrop: () => change({ longer: null }) }] : []),
    ...(recordId ? [{ label: `“${recordId}”`, onDrop: () => change({ record: null }) }] : []),
  ];
  const error = machine.error ?? asked.error;
  const items = asked.data?.items ?? [];
  const isEnabled = machine.data?.status === 'active';
  const has = (one: string): boolean => chosen.has(one);
  const choose = (one: string, isChosen: boolean): void =>
    setChosen(new Set(isChosen ? [...chosen, one] : [...chosen].filter((other) => other !== one)));
  const blocked = !isEnabled
    ? 'The machine is disabled: no transition is asked'
    : transitionsByHand(machine.data?.published?.definition).length === 0
      ? 'No transition of the published version is fired by hand'
      : null;
  /** What is shown on all pages together, as it is asked of what advances many. */
  const all = {
    machineId: id,
    ...(state.length > 0 && { state }),
    ...(recordId && ofRecord),
    ...(kind && { [kind]: true }),
    ...(enteredBefore && { enteredBefore }),
  };

  return (
    <Page
      title={machine.data?.name ?? 'Instances'}
      back={MACHINES}
      sub={
        machine.data && `${countWords(machine.data.activeInstances, 'instance')} on the way, ${numberWords(machine.data.instances)} in all`
      }
      actions={
        mayOperate &&
        machine.data && (
          <>
            {moduleOfMachine(subject) !== null && (
              <Button
                icon="plus"
                blocked={isEnabled ? null : 'The machine is disabled: it takes no records in'}
                onClick={() => setDialog('take-in')}
              >
                Take records in …
              </Button>
            )}
            <Button
              icon="play"
              blocked={kind === 'transitioning' ? 'A transition of theirs is under way' : blocked}
              onClick={() => setDialog('advance')}
            >
              Advance all that match …
            </Button>
          </>
        )
      }
    >
      <MachineTabs id={id} current="instances" />
      {error && <ErrorPanel error={error.body} retry={() => void (machine.error ? machine.refetch() : asked.refetch())} />}
      <Card flush>
        {machine.data && <StateFilters machine={machine.data} chosen={state} onChange={(next) => change({ state: next.join(',') })} />}
        <FilterBar label="Instances">
          <SearchField
            label={moduleOfMachine(subject) === null ? 'Run of the integration' : 'Id of a record'}
            value={recordId ?? ''}
            onSearch={(text) => change({ record: text })}
          />
          <Select
            label="Which"
            value={kind ?? ''}
            options={[{ value: '', label: 'All of them' }, ...Object.entries(KINDS).map(([value, label]) => ({ value, label }))]}
            onChange={(value) => change({ kind: value })}
          />
          <Select
            label="In its state"
            value={longer ?? ''}
            options={[
              { value: '', label: 'For any time' },
              ...LONGER_THAN.map((value) => ({ value, label: `For more than ${durationWords(value)}` })),
            ]}
            onChange={(value) => change({ longer: value })}
          />
        </FilterBar>
        {!asked.data && !error && <Skeleton what="instances" rows={8} />}
        {mayOperate && items.length > 0 && (
          <div class="choice-bar">
            <ChooseAll rows={items} has={has} isTold={chosen.size > 0} onChange={setChosen} />
            {chosen.size > 0 && (
              <>
                <strong>{numberWords(chosen.size)} chosen</strong>
                <Button small icon="play" blocked={blocked} onClick={() => setDialog('advance-chosen')}>
                  Advance …
                </Button>
                <Button small kind="quiet" onClick={() => setChosen(new Set())}>
                  Choose none
                </Button>
              </>
            )}
          </div>
        )}
        {items.length > 0 && (
          <Table
            caption="Instances"
            columns={instanceColumns(mayOperate ? { has, choose } : null)}
            rows={items}
            keyOf={(item) => item.id}
            chosen={chosen}
          />
        )}
        {asked.data && items.length === 0 && (
          <Nothing chips={chips} machine={machine.data} onClear={() => change({ state: null, kind: null, longer: null, record: null })} />
        )}
        <OlderPages
          what="instances"
          cursor={cursor ?? null}
          older={asked.data?.nextCursor ?? null}
          words={['First', 'More']}
          onGo={(next) =>
            next === null ? change({}) : navigate(hrefOf(`machines/${id}/instances`, changedQuery(query, { cursor: next })))
          }
        />
      </Card>
      {(dialog === 'advance' || dialog === 'advance-chosen') && machine.data && (
        <AdvanceManyDialog
          machine={machine.data}
          {...(dialog === 'advance-chosen'
            ? { filter: { machineId: id, ids: [...chosen] }, words: countWords(chosen.size, 'chosen instance') }
            : { filter: all, words: chips.length === 0 ? 'all instances' : chips.map(({ label }) => label).join(', ') })}
          onClose={() => {
            setChosen(new Set());
            setDialog(null);
          }}
        />
      )}
      {dialog === 'take-in' && machine.data && <TakeInDialog machine={machine.data} onClose={() => setDialog(null)} />}
    </Page>
  );
}

/** The states that there are, and how many are in each. */
function StateFilters({
  machine,
  chosen,
  onChange,
}: {
  machine: MachineDetail;
  chosen: readonly string[];
  onChange: (states: string[]) => void;
}): VNode {
  const counts = instancesByState(machine.states);
  const own = statesOf(machine.published?.definition ?? machine.definition).map(({ code }) => code);
  const codes = [...new Set([...own, ...counts.keys()])];
  return (
    <fieldset class="status-filters">
      <legend class="visually-hidden">State</legend>
      {codes.map((code) => (
        <button
          key={code}
          type="button"
          class="status-filter"
          aria-pressed={chosen.includes(code)}
          onClick={() => onChange(codes.filter((one) => chosen.includes(one) !== (one === code)))}
        >
          {code}
          <span class="numbers">{numberWords(counts.get(code) ?? 0)}</span>
        </button>
      ))}
    </fieldset>
  );
}

function Nothing({
  chips,
  machine,
  onClear,
}: {
  chips: readonly { label: string; onDrop: () => void }[];
  machine: MachineDetail | undefined;
  onClear: () => void;
}): VNode {
  if (chips.length > 0) {
    return (
      <EmptyState icon="filter" title="No instance is like that">
        <Chips chips={chips} onClear={onClear} />
      </EmptyState>
    );
  }
  return (
    <EmptyState icon="machine" title="No instances yet">
      <span>
        {machine?.status === 'active'
          ? 'One appears for a record as soon as something happens that begins the machine; records that are there already can be taken in.'
          : 'The machine is not enabled: it makes none.'}
      </span>
    </EmptyState>
  );
}
