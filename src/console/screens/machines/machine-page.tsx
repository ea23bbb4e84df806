import './machines.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useCatalog, useMay } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import { instancesByState, statesOf, subjectWords, transitionsOf } from '../../model/machine.js';
import { changedQuery, hrefOf } from '../../model/route.js';
import { countWords } from '../../model/words.js';
import { MachineDrawing } from '../../parts/machines/machine-drawing.js';
import { MachineTable } from '../../parts/machines/machine-table.js';
import { Button } from '../../ui/button.js';
import { Icon } from '../../ui/icon.js';
import { navigate, usePlace } from '../../ui/location.js';
import { Card, Page } from '../../ui/page.js';
import { Banner, EmptyState, ErrorPanel, Skeleton } from '../../ui/states.js';
import { Mark } from '../../ui/status.js';
import { MachineActions } from './machine-actions.js';
import { MachineSwitch } from './machine-switch.js';
import { PublishDialog } from './publish-dialog.js';
import { MachineTabs } from './tabs.js';
import type { MachineDetail } from './types.js';

export const MACHINES = { href: 'machines', label: 'State machines' };

/** One machine: as a drawing, and in words. */
export function MachinePage({ id }: { id: string }): VNode {
  const asked = useAsk<MachineDetail>(`machines/${id}`, { keep: false, every: 30_000 });
  if (asked.error?.status === 404) {
    return (
      <Page title="No such state machine" back={MACHINES}>
        <EmptyState icon="question" title="There is no state machine of this id in this workspace" />
      </Page>
    );
  }
  if (!asked.data) {
    return (
      <Page title="State machine" back={MACHINES}>
        {asked.error ? (
          <ErrorPanel error={asked.error.body} retry={() => void asked.refetch()} />
        ) : (
          <Skeleton what="the state machine" rows={8} />
        )}
      </Page>
    );
  }
  return <Machine machine={asked.data} />;
}

function Machine({ machine }: { machine: MachineDetail }): VNode {
  const { id, name, definition, problems, warnings } = machine;
  const catalog = useCatalog();
  const { query } = usePlace();
  const mayManage = useMay('manage');
  const [isPublishing, setPublishing] = useState(false);
  const chosen = query.get('state');
  const states = statesOf(definition);
  const transitions = transitionsOf(definition);
  const instances = instancesByState(machine.states);
  const choose = (state: string): void => {
    navigate(hrefOf(`machines/${id}`, changedQuery(query, { state: state === chosen ? null : state })), { replace: true });
    const at = states.find(({ code }) => code === state)?.place[1];
    document.querySelector(`[data-path="states[${at}]"]`)?.scrollIntoView({ block: 'nearest' });
  };
  return (
    <Page
      title={name}
      back={MACHINES}
      sub={
        <>
          {machine.description && <p>{machine.description}</p>}
          <span class="machine-head">
            <MachineSwitch machine={machine} />
            {machine.version !== null && <Mark>{`v${machine.version}`}</Mark>}
            {machine.hasUnpublishedChanges && machine.version !== null && (
              <Mark tone="info" icon="pencil">
                unpublished changes
              </Mark>
            )}
            <Mark icon="lines">{`Follows ${subjectWords(definition.for, catalog)}`}</Mark>
            <Mark icon="box">{`${countWords(machine.activeInstances, 'instance')} on ${machine.activeInstances === 1 ? 'its' : 'their'} way`}</Mark>
          </span>
        </>
      }
      actions={
        <>
          {mayManage && (
            <Button kind="primary" icon="check" onClick={() => setPublishing(true)}>
              Publish …
            </Button>
          )}
          <MachineActions machine={machine} />
        </>
      }
    >
      <MachineTabs id={id} current="machine" />
      {problems.length > 0 && (
        <Banner tone="bad" icon="warning">
          <strong>{countWords(problems.length, 'problem')} to mend before it can be published</strong>
          <ul class="banner-list">
            {problems.map(({ path, message, hint }) => (
              <li key={`${path} ${message}`}>
                {message} {hint} {path && <code>{path}</code>}
              </li>
            ))}
          </ul>
        </Banner>
      )}
      {warnings.length > 0 && (
        <Banner tone="warn" icon="info">
          <strong>{countWords(warnings.length, 'thing')} to look at</strong>
          <ul class="banner-list">
            {warnings.map(({ path, message, hint }) => (
              <li key={`${path} ${message}`}>
                {message} {hint}
              </li>
            ))}
          </ul>
        </Banner>
      )}
      {states.length === 0 ? (
        <Card>
          <EmptyState icon="machine" title="It has no states yet" />
        </Card>
      ) : (
        <>
          <Card flush>
            <MachineDrawing
              states={states}
              transitions={transitions}
              instances={instances}
              chosen={chosen}
              table="machine-table"
              onChoose={choose}
            />
            <p class="machine-legend">
              <Icon name="info" size={12} />
              Choose a state to see what leads to it and out of it. Dashed ways are disabled.
            </p>
          </Card>
          <Card flush>
            <MachineTable
              id="machine-table"
              definition={definition}
              states={states}
              transitions={transitions}
              problems={problems}
              instances={instances}
              chosen={chosen}
            />
          </Card>
        </>
      )}
      {isPublishing && <PublishDialog id={id} onPublished={() => setPublishing(false)} onClose={() => setPublishing(false)} />}
    </Page>
  );
}
