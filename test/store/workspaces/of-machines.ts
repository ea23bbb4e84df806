import * as census from '../../../src/store/machines/census.js';
import * as counts from '../../../src/store/machines/counts.js';
import * as deferred from '../../../src/store/machines/deferred.js';
import * as deletion from '../../../src/store/machines/delete-instances.js';
import * as named from '../../../src/store/machines/find-machine.js';
import * as history from '../../../src/store/machines/history.js';
import * as historyList from '../../../src/store/machines/history-list.js';
import * as instanceList from '../../../src/store/machines/instance-list.js';
import * as instances from '../../../src/store/machines/instances.js';
import * as machineList from '../../../src/store/machines/machine-list.js';
import * as migrate from '../../../src/store/machines/migrate.js';
import * as polls from '../../../src/store/machines/polls.js';
import * as removal from '../../../src/store/machines/removal.js';
import * as runTransition from '../../../src/store/machines/run-transition.js';
import * as standings from '../../../src/store/machines/standings.js';
import * as timeouts from '../../../src/store/machines/timeouts.js';
import * as transitionVersions from '../../../src/store/machines/transition-versions.js';
import * as machineVersions from '../../../src/store/machines/versions.js';
import { ID, NOW } from './names.js';
import type { Statements } from './statement.js';

const POLL = { versionId: ID.machineVersion, transition: 'send' };
const LEAD = { module: 'leads', recordId: '42' };
const every = (workspaceId: string, filter: object = {}) => ({ workspaceId, filter, modules: ['leads'] });

/** What is asked and written of machines and their instances. */
export const OF_MACHINES: Statements = {
  'machines/census.ts': { countByState: (m, w) => census.countByState(m, w, ID.machine) },
  'machines/counts.ts': {
    addInstanceCounts: (m, w) => {
      return counts.addInstanceCounts(m, [
        { workspaceId: w, machineId: ID.machine, versionId: ID.machineVersion, state: 'NEW', instances: 1 },
      ]);
    },
    versionsWithInstances: (m, w) => counts.versionsWithInstances(m, w, [ID.machine]),
  },
  'machines/deferred.ts': {
    deferEvents: (m, w) => deferred.deferEvents(m, [{ workspaceId: w, instanceId: ID.atRest, eventId: ID.unrouted }]),
    routeDeferred: (m, w) => deferred.routeDeferred(m, [{ workspaceId: w, id: ID.atRest }]),
  },
  'machines/delete-instances.ts': { deleteInstances: (m, w) => deletion.deleteInstances(m, w, [ID.atRest]) },
  'machines/find-machine.ts': { findMachine: (m, w) => named.findMachine(m, w, 'orders') },
  'machines/history.ts': {
    insertHistory: (m, w) => {
      const row = {
        workspaceId: w,
        instanceId: ID.atRest,
        id: ID.fresh,
        machineId: ID.machine,
        kind: 'reset',
        transition: null,
        fromState: null,
      } as const;
      const nothing = { toState: null, trigger: null, actor: null, eventId: null, runId: null, explanation: null, timeInStateMs: null };
      return history.insertHistory(m, [{ ...row, ...nothing }]);
    },
  },
  'machines/history-list.ts': {
    listHistory: (m, w) => historyList.listHistory(m, { workspaceId: w, instanceId: ID.atRest }, { limit: 9 }),
    findOutcomes: (m, w) => historyList.findOutcomes(m, w, [{ instanceId: ID.atRest, eventId: ID.event }]),
  },
  'machines/instance-list.ts': {
    listInstances: async (m, w) => {
      const filters = [
        {},
        { overdue: true },
        { transitioning: true },
        { failed: true },
        { recordId: '42' },
        { machineId: ID.machine, state: ['NEW'] },
      ];
      const pages: unknown[] = [];
      for (const filter of filters) pages.push(await instanceList.listInstances(m, every(w, filter), { limit: 9 }));
      return pages;
    },
    countInstances: (m, w) => instanceList.countInstances(m, every(w)),
    countMissedTimeouts: (m, w) => instanceList.countMissedTimeouts(m, w, ID.machine),
    findInstance: (m, w) => instanceList.findInstance(m, w, ID.atRest),
    recordsWithInstances: (m, w) => {
      return instanceList.recordsWithInstances(m, { workspaceId: w, machineId: ID.machine, module: 'leads', recordIds: ['42'] });
    },
  },
  'machines/instances.ts': {
    lockInstances: (m, w) => instances.lockInstances(m, [{ workspaceId: w, id: ID.atRest }]),
    lockInstancesOf: (m, w) => instances.lockInstancesOf(m, [{ workspaceId: w, machineId: ID.machine, ...LEAD }]),
    lockInstancesOfRuns: (m, w) => instances.lockInstancesOfRuns(m, [{ workspaceId: w, id: ID.held }]),
    lockInstancesFailedBy: (m, w) => instances.lockInstancesFailedBy(m, w, [ID.moved]),
    insertInstances: (m, w) => {
      const instance = { workspaceId: w, id: ID.fresh, machineId: ID.machine, versionId: ID.machineVersion, ...LEAD, runKey: null };
      return instances.insertInstances(m, [{ ...instance, state: 'NEW', isFinal: false, enteredAt: NOW, timeoutAt: null }]);
    },
    writeInstances: async (m, w) => {
      const known = await instances.lockInstances(m, [{ workspaceId: w, id: ID.atRest }]);
      return instances.writeInstances(m, known);
    },
  },
  'machines/machine-list.ts': {
    listMachines: (m, w) => machineList.listMachines(m, w, { sort: { field: 'name', descending: false }, page: 1, limit: 9 }),
    findMachine: (m, w) => machineList.findMachine(m, w, ID.machine),
  },
  'machines/migrate.ts': {
    lockMigratable: (m, w) => {
      // Published is another version than theirs.
      const at = { workspaceId: w, machineId: ID.machine, versionId: ID.fresh, state: 'NEW' };
      return m
        .query('UPDATE automation.workflows SET published_version_id = $3 WHERE workspace_id = $1 AND id = $2', [w, ID.machine, ID.fresh])
        .then(() => migrate.lockMigratable(m, at, migrate.FIRST_INSTANCE, 9));
    },
    moveToVersion: (m, w) => {
      return migrate.moveToVersion(m, { workspaceId: w, versionId: ID.fresh, isFinal: false }, [{ id: ID.atRest, timeoutAt: null }]);
    },
  },
  'machines/polls.ts': {
    insertPolls: (m, w) =>
      polls.insertPolls(m, [
        { workspaceId: w, ...POLL, machineId: ID.machine, nextAt: NOW },
        { workspaceId: w, ...POLL, transition: 'new', machineId: ID.machine, nextAt: NOW },
      ]),
    advancePoll: (m, w) => polls.advancePoll(m, { workspaceId: w, ...POLL }, { nextAt: NOW, cursor: null }),
    removePoll: (m, w) => polls.removePoll(m, { workspaceId: w, ...POLL }),
    instancesBehind: (m, w) => {
      return polls.instancesBehind(
        m,
        { workspaceId: w, machineId: ID.machine, until: NOW },
        { state: 'NEW', enteredAt: null, id: null },
        9,
      );
    },
  },
  'machines/removal.ts': {
    deleteInstanceCounts: (m, w) => removal.deleteInstanceCounts(m, w, ID.machine),
    removeInstancesBehind: (m, w) => removal.removeInstancesBehind(m, removal.beforeAllOf(w, ID.gone), 9),
  },
  'machines/run-transition.ts': {
    isTransitionOver: async (m, w) => {
      return [await runTransition.isTransitionOver(m, w, ID.moved), await runTransition.isTransitionOver(m, w, ID.movedOn)];
    },
    findInstancesOfRuns: (m, w) => runTransition.findInstancesOfRuns(m, w, [ID.moved]),
    findInstanceAbout: (m, w) => runTransition.findInstanceAbout(m, { workspaceId: w, machineId: ID.machine, ...LEAD }),
  },
  'machines/standings.ts': { loadStandings: (m, w) => standings.loadStandings(m, [{ workspaceId: w, ...LEAD, codes: ['orders'] }]) },
  'machines/timeouts.ts': {
    lockDueInstances: (m, w) => timeouts.lockDueInstances(m, w, 9),
    takeTimeouts: async (m, w) => timeouts.takeTimeouts(m, await timeouts.lockDueInstances(m, w, 9)),
    fireMissedTimeouts: (m, w) => timeouts.fireMissedTimeouts(m, w, ID.machine),
    restartMissedTimeouts: (m, w) => {
      return timeouts.restartMissedTimeouts(m, w, ID.machine, [{ versionId: ID.machineVersion, state: 'NEW', timeoutAt: NOW }]);
    },
  },
  'machines/transition-versions.ts': {
    insertTransitionVersions: (m, w) => {
      const transition = { transition: 'new', ends: { from: ['NEW'], to: 'SENT' }, definition: {} };
      return transitionVersions.insertTransitionVersions(m, w, ID.machineVersion, [transition as never]);
    },
  },
  'machines/versions.ts': {
    loadMachineVersions: (m, w) => machineVersions.loadMachineVersions(m, [{ workspaceId: w, versionId: ID.machineVersion }]),
  },
};
