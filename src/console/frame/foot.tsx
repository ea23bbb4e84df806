import './foot.css';
import type { VNode } from 'preact';
import type { Me } from '../api/types.js';
import { clock } from '../ui/preferences.js';
import { useStore } from '../ui/store.js';
import { useZone, zones } from '../ui/time.js';

/** Which zone the times on the page are in, and the way to the other one. */
export function Foot({ me }: { me: Me }): VNode {
  const zone = useZone();
  const { mine, workspace } = useStore(zones);
  const choice = useStore(clock);
  const other = choice === 'mine' ? workspace : mine;
  return (
    <footer class="foot">
      <span>
        Times are in {zoneWords(zone)}
        {mine !== workspace && (choice === 'mine' ? ', yours.' : ", the workspace's.")}
      </span>
      {mine !== workspace && (
        <button type="button" class="foot-switch" onClick={() => clock.set(choice === 'mine' ? 'workspace' : 'mine')}>
          Show them in {zoneWords(other)}
        </button>
      )}
      <span class="foot-version">nestjs-crm-automation {me.version}</span>
    </footer>
  );
}

function zoneWords(zone: string): string {
  return zone.replaceAll('_', ' ');
}
