import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import { useMay } from '../../api/me.js';
import { forget } from '../../api/query.js';
import { boundedCount } from '../../model/run-filter.js';
import { Button } from '../../ui/button.js';
import { Dialog } from '../../ui/dialog.js';
import { Choices } from '../../ui/field.js';
import { toast, toastError } from '../../ui/live.js';
import { Status } from '../../ui/status.js';
import { Switch } from '../../ui/switch.js';
import type { MachineDetail, MachineItem } from './types.js';

/** What becomes of timeouts that were missed. */
type Policy = 'fire' | 'restart';

/** Whether a machine makes instances and asks transitions. It changes at once, and goes back with the reason when that is refused. */
export function MachineSwitch({ machine }: { machine: MachineItem }): VNode {
  const { id, name, status } = machine;
  const mayOperate = useMay('operate');
  const [wanted, setWanted] = useState<boolean | null>(null);
  /** Timeouts that somebody has to decide about. */
  const [missed, setMissed] = useState<MachineDetail['missedTimeouts'] | null>(null);
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
  const enable = (timeouts: Policy): Promise<void> =>
    change(true, async () => {
      setMissed(null);
      await call('POST', `machines/${id}/enable`, { body: { timeouts } });
      toast(`“${name}” is enabled.`, { action: { label: 'Undo', run: () => void disable() } });
      return true;
    });
  const ask = (): Promise<void> =>
    change(true, async () => {
      const { missedTimeouts } = await call<MachineDetail>('GET', `machines/${id}`);
      if (missedTimeouts.count === 0) await enable('fire');
      else setMissed(missedTimeouts);
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
        checked={isEnabled || missed !== null}
        label={`${name}: enabled`}
        words={isEnabled ? 'Enabled' : 'Disabled'}
        blocked={mayOperate ? null : 'This takes the permission automation:operate'}
        onChange={(enabled) => void (enabled ? ask() : disable())}
      />
      {missed && <MissedDialog name={name} missed={missed} onClose={() => setMissed(null)} onChoose={(policy) => void enable(policy)} />}
    </>
  );
}

interface MissedDialogProps {
  name: string;
  missed: MachineDetail['missedTimeouts'];
  onClose: () => void;
  onChoose: (policy: Policy) => void;
}

function MissedDialog({ name, missed: { count, isExact }, onClose, onChoose }: MissedDialogProps): VNode {
  const [policy, setPolicy] = useState<Policy>('fire');
  return (
    <Dialog
      title={`Enable “${name}”`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Leave it disabled</Button>
          <Button kind="primary" icon="play" onClick={() => onChoose(policy)}>
            Enable
          </Button>
        </>
      }
    >
      <p>
        <strong class="numbers">{boundedCount(count, isExact)}</strong> {count === 1 ? 'instance has' : 'instances have'} stayed too long in{' '}
        {count === 1 ? 'its state' : 'their states'} while the machine was disabled.
      </p>
      <Choices<Policy>
        legend="Timeouts that are over"
        value={policy}
        onChange={setPolicy}
        options={[
          { value: 'fire', label: 'Fire them now', hint: 'As if the machine had never been disabled.' },
          { value: 'restart', label: 'Begin them anew', hint: 'Each instance has its whole time again, from now on.' },
        ]}
      />
    </Dialog>
  );
}
