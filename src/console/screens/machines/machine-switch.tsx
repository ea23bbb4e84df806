import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { useMay } from '../../api/me.js';
import { forget } from '../../api/query.js';
import { statesOf } from '../../model/machine.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Choices } from '../../ui/field.js';
import { toast, toastError } from '../../ui/live.js';
import { Status } from '../../ui/status.js';
import { Switch } from '../../ui/switch.js';
import type { MachineDetail, MachineItem } from './types.js';

type Missed = 'fire' | 'restart';

/** Whether a machine makes instances and asks transitions. It changes at once, and goes back with the reason when that is refused. */
export function MachineSwitch({ machine }: { machine: MachineItem }): VNode {
  const { id, name, status } = machine;
  const mayOperate = useMay('operate');
  const [wanted, setWanted] = useState<boolean | null>(null);
  const [isAsking, setAsking] = useState(false);
  if (status === 'draft') return <Status status="draft" />;
  const isEnabled = wanted ?? status === 'active';

  const change = async (enabled: boolean, work: () => Promise<boolean>): Promise<void> => {
    setWanted(enabled);
    try {
      if (await work()) await forget('machines', 'instances');
    } catch (error) {
      toastError(enabled ? `“${name}” could not be enabled` : `“${name}” could not be disabled`, error);
    } finally {
      setWanted(null);
    }
  };
  const enable = (timeouts: Missed): Promise<void> =>
    change(true, async () => {
      setAsking(false);
      await call('POST', `machines/${id}/enable`, { body: { timeouts } });
      toast(`“${name}” is enabled.`, { action: { label: 'Undo', run: () => void disable() } });
      return true;
    });
  const ask = (): Promise<void> =>
    change(true, async () => {
      if (!mayHaveMissed(await call<MachineDetail>('GET', `machines/${id}`))) {
        await enable('fire');
        return false;
      }
      setAsking(true);
      return false;
    });
  const disable = (): Promise<void> =>
    change(false, async () => {
      await call('POST', `machines/${id}/disable`, { body: {} });
      // What came due within these seconds fires, as if nothing had been.
      toast(`“${name}” is disabled.`, {
        detail: 'Transitions under way finish. Timeouts wait.',
        action: { label: 'Undo', run: () => void enable('fire') },
      });
      return true;
    });

  return (
    <>
      <Switch
        checked={isEnabled || isAsking}
        label={`${name}: enabled`}
        words={isEnabled ? 'Enabled' : 'Disabled'}
        blocked={mayOperate ? null : 'This takes the permission automation:operate'}
        onChange={(enabled) => void (enabled ? ask() : disable())}
      />
      {isAsking && <MissedDialog name={name} onClose={() => setAsking(false)} onChoose={(missed) => void enable(missed)} />}
    </>
  );
}

/** Whether instances stand in states that have a timeout: it may have come due while nobody looked. */
function mayHaveMissed({ published, states }: MachineDetail): boolean {
  const waiting = statesOf(published?.definition ?? {}).filter(({ timeout }) => timeout !== null);
  return states.some(({ state, instances }) => instances > 0 && waiting.some(({ code }) => code === state));
}

function MissedDialog({ name, onClose, onChoose }: { name: string; onClose: () => void; onChoose: (missed: Missed) => void }): VNode {
  const [missed, setMissed] = useState<Missed>('fire');
  return (
    <Dialog
      title={`Enable “${name}”`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Leave it disabled</Button>
          <Button kind="primary" icon="play" onClick={() => onChoose(missed)}>
            Enable
          </Button>
        </>
      }
    >
      <p>Instances stand in states with a timeout, which may have been over while the machine was disabled.</p>
      <Choices<Missed>
        legend="Timeouts that are over"
        value={missed}
        onChange={setMissed}
        options={[
          { value: 'fire', label: 'Fire them now', hint: 'As if the machine had never been disabled.' },
          { value: 'restart', label: 'Begin them anew', hint: 'Each instance has its whole time again, from now on.' },
        ]}
      />
    </Dialog>
  );
}
