import './machines.css';
import './instance-page.css';
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { OfferedTransition } from '../../../core/machine/offered.js';
import { useCatalog, useMay } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import { useRecordTitle } from '../../api/record-titles.js';
import type { WorkflowVersion } from '../../api/types.js';
import { actorWords } from '../../model/actor-words.js';
import { isObject, moduleOf } from '../../model/catalog.js';
import { type State, statesOf, transitionsOf } from '../../model/machine.js';
import { hrefOf } from '../../model/route.js';
import { nameWords } from '../../model/words.js';
import { MachineDrawing } from '../../parts/machines/machine-drawing.js';
import { RecordName } from '../../parts/runs/record-name.js';
import { Button, LinkButton } from '../../ui/button.js';
import { MenuButton } from '../../ui/menu.js';
import { Page, Panel } from '../../ui/page.js';
import { AskedError, PendingPage } from '../../ui/pending.js';
import { Banner, Skeleton } from '../../ui/states.js';
import { Mark } from '../../ui/status.js';
import { Time, Took } from '../../ui/time.js';
import { AdvanceDialog } from './advance-dialog.js';
import { DeleteInstanceDialog, ResetDialog } from './instance-dialogs.js';
import { History } from './instance-history.js';
import { OfferedTransitions } from './offered-transitions.js';
import type { InstanceItem, Offered } from './types.js';

const SOON_MS = 1_000;
const EVERY_MS = 10_000;

/** One instance: where it stands, how it came there, and where it may go. */
export function InstancePage({ id }: { id: string }): VNode {
  const every = (item: InstanceItem | undefined): number => (item?.transitioning ? SOON_MS : EVERY_MS);
  const asked = useAsk<InstanceItem>(`instances/${id}`, { every, keep: false });
  if (asked.error?.status === 404 || !asked.data) {
    return (
      <PendingPage
        asked={asked}
        thing="instance"
        back={{ href: 'machines', label: 'State machines' }}
        missing="There is no instance of this id in this workspace"
        hint="Somebody may have deleted it."
      />
    );
  }
  return <Instance instance={asked.data} />;
}

function Instance({ instance }: { instance: InstanceItem }): VNode {
  const { id, machineId, machineName, version, module, recordId, runKey, state, entry, transitioning } = instance;
  const catalog = useCatalog();
  const [mayOperate, mayManage] = [useMay('operate'), useMay('manage')];
  const definition = useAsk<WorkflowVersion>(`machines/${machineId}/versions/${version}`, { fresh: Number.POSITIVE_INFINITY, keep: false });
  const offered = useAsk<Offered>(`instances/${id}/transitions`, { every: EVERY_MS, keep: false });
  // What is offered follows from where it stands.
  useEffect(() => void offered.refetch(), [entry, transitioning?.transition]);
  const [dialog, setDialog] = useState<{ kind: 'advance'; transition: OfferedTransition } | { kind: 'reset' | 'delete' } | null>(null);
  const close = (): void => setDialog(null);
  const states: State[] = definition.data ? statesOf(definition.data.definition) : [];
  const title = useRecordTitle(module, recordId);
  const kind = nameWords(moduleOf(catalog, module)?.singular ?? module ?? 'Run');
  return (
    <Page
      title={title ?? `${kind} ${recordId ?? runKey ?? ''}`}
      back={{ href: `machines/${machineId}/instances`, label: `Instances of ${machineName}` }}
      sub={<Head instance={instance} />}
      actions={
        <>
          {module !== null && recordId !== null && (
            <LinkButton icon="question" href={hrefOf('why', { module, id: recordId })}>
              What happened
            </LinkButton>
          )}
          {mayOperate && (
            <Button icon="retry" onClick={() => setDialog({ kind: 'reset' })}>
              Reset …
            </Button>
          )}
          {mayManage && (
            <MenuButton
              label="More"
              items={[{ label: 'Delete the instance …', icon: 'trash', danger: true, onSelect: () => setDialog({ kind: 'delete' }) }]}
            />
          )}
        </>
      }
    >
      <WhereItIs instance={instance} />
      {definition.data && (
        <div class="card">
          <MachineDrawing states={states} transitions={transitionsOf(definition.data.definition)} chosen={state} table="offered" />
        </div>
      )}
      <div class="instance-columns">
        <Panel title="Where it may go">
          <AskedError asked={offered} />
          {!offered.data && !offered.error && <Skeleton what="its transitions" rows={3} />}
          {offered.data && (
            <OfferedTransitions
              id="offered"
              offered={offered.data.items}
              state={state}
              module={module}
              mayOperate={mayOperate}
              onAdvance={(transition) => setDialog({ kind: 'advance', transition })}
            />
          )}
        </Panel>
        <History id={id} entry={entry} module={module} />
      </div>
      {dialog?.kind === 'advance' && <AdvanceDialog instance={instance} transition={dialog.transition} onClose={close} />}
      {dialog?.kind === 'reset' && <ResetDialog instance={instance} states={states} onClose={close} />}
      {dialog?.kind === 'delete' && <DeleteInstanceDialog instance={instance} onClose={close} />}
    </Page>
  );
}

function Head({ instance }: { instance: InstanceItem }): VNode {
  const { machineId, machineName, module, recordId, state, isFinal, since, timeInStateMs, version } = instance;
  return (
    <span class="machine-head">
      <strong class="instance-now">{state}</strong>
      {isFinal && <Mark icon="stop">final</Mark>}
      <span>
        for <Took ms={timeInStateMs} />, came <Time at={since} inline />
      </span>
      <a href={`machines/${machineId}`}>{machineName}</a>
      <Mark>{`v${version}`}</Mark>
      {recordId !== null && <RecordName module={module} recordId={recordId} />}
    </span>
  );
}

/** What is to be known of it before anything else: a transition under way, one that failed, time that is over. */
function WhereItIs({ instance }: { instance: InstanceItem }): VNode {
  const { transitioning, failure, isOverdue, nextTimeout, isFinal, state, lastTransition, lastActor, lastRunId } = instance;
  return (
    <>
      {transitioning && (
        <Banner tone="info" icon="play">
          <strong>“{transitioning.transition}” is under way</strong>
          <span>
            Since <Time at={transitioning.since} inline />. It moves when its steps are done
            {transitioning.runId && (
              <>
                : <a href={`runs/${transitioning.runId}`}>their run</a>
              </>
            )}
            .
          </span>
        </Banner>
      )}
      {failure && (
        <Banner tone="bad" icon="cross">
          <strong>“{String(failure.transition)}” has failed: the instance stays where it was</strong>
          {isObject(failure.error) && <span>{String(failure.error.message ?? '')}</span>}
          {typeof failure.runId === 'string' && (
            <span>
              <a href={`runs/${failure.runId}`}>The run of its steps</a>
            </span>
          )}
        </Banner>
      )}
      {nextTimeout !== null && (
        <Banner tone={isOverdue ? 'warn' : 'neutral'} icon="clock">
          <strong>{isOverdue ? 'Its time in this state is over' : 'Its time in this state is limited'}</strong>
          <span>
            {isOverdue ? 'It was over' : 'It is over'} <Time at={nextTimeout} inline />
          </span>
        </Banner>
      )}
      {isFinal && (
        <Banner tone="ok" icon="check">
          <strong>It has come to its end in {state}</strong>
          <span>
            {lastTransition ? `By “${lastTransition}”` : 'Put there'}
            {lastActor && `, ${actorWords(lastActor)}`}
            {lastRunId && (
              <>
                {' '}
                (<a href={`runs/${lastRunId}`}>the run of its steps</a>)
              </>
            )}
            .
          </span>
        </Banner>
      )}
    </>
  );
}
