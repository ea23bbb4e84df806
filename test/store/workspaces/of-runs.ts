import type { Catalog } from '../../../src/core/catalog.js';
import * as deliveries from '../../../src/store/deliveries.js';
import * as eventClaims from '../../../src/store/event-claims.js';
import * as events from '../../../src/store/event-store.js';
import * as monthlyRuns from '../../../src/store/monthly-runs.js';
import * as pastEvents from '../../../src/store/past-events.js';
import { RELEASE } from '../../../src/store/release.js';
import * as replays from '../../../src/store/replay-store.js';
import * as batches from '../../../src/store/run-batches.js';
import * as commands from '../../../src/store/run-command-store.js';
import * as groups from '../../../src/store/run-groups.js';
import * as runLog from '../../../src/store/run-log-store.js';
import * as admission from '../../../src/store/runs/admission.js';
import * as awaited from '../../../src/store/runs/awaited-runs.js';
import * as callbacks from '../../../src/store/runs/callbacks.js';
import * as contexts from '../../../src/store/runs/context.js';
import * as earlier from '../../../src/store/runs/earlier-runs.js';
import * as inbox from '../../../src/store/runs/inbox.js';
import * as leftSubRuns from '../../../src/store/runs/left-sub-runs.js';
import * as progress from '../../../src/store/runs/progress.js';
import * as atTheTime from '../../../src/store/runs/runs-at-the-time.js';
import * as startBatches from '../../../src/store/start-batches.js';
import * as stats from '../../../src/store/stats-store.js';
import * as steps from '../../../src/store/step-store.js';
import * as timeline from '../../../src/store/timeline.js';
import { DayDeltas } from '../../../src/store/workflow-days.js';
import { ID, LONG_AGO, NOW, USER } from './names.js';
import type { Statements } from './statement.js';

const CATALOG: Catalog = { modules: new Map(), actions: new Map() };
const ERROR = { code: 'no', message: 'No.' };
const LEAD = { module: 'leads', recordId: '42' };
const every = (workspaceId: string, filter: object = {}) => ({ workspaceId, filter, modules: ['leads'] });
const unrouted = (workspaceId: string) => ({ workspaceId, id: ID.unrouted });
const seen = (workspaceId: string) => ({ workspaceId, id: ID.event });
const held = (workspaceId: string) => ({ workspaceId, id: ID.held, fence: 1 });
const pair = (workspaceId: string) => ({ workspaceId, workflowId: ID.workflow, ...LEAD });
const DOMAIN_EVENT = { ...LEAD, event: 'created', record: null, previous: null, changes: null, cut: null, actor: USER, cause: null };
const start = (workspaceId: string) => ({
  ...DOMAIN_EVENT,
  workspaceId,
  id: ID.fresh,
  source: 'hook',
  key: 'k',
  trigger: {},
  target: null,
  parent: null,
});
const STARTED = { started: 1, succeeded: 1, failed: 0, skipped: 0, cancelled: 0 };
const IDENTITY = {
  workflowId: ID.workflow,
  versionId: ID.version,
  version: 1,
  ...LEAD,
  explanation: null,
  actor: USER,
  cause: null,
  parent: null,
};

/** What is asked and written of events. */
export const OF_EVENTS: Statements = {
  'deliveries.ts': {
    countDeliveries: (m, w) => deliveries.countDeliveries(m, [{ workspaceId: w, key: 'hook', deliveries: 1 }]),
    countUnrouted: (m, w) => deliveries.countUnrouted(m, w, 9),
    findSameDelivery: (m, w) => deliveries.findSameDelivery(m, { workspaceId: w, source: 'hook', key: 'k', body: 1 }),
    noteSubjects: (m, w) => deliveries.noteSubjects(m, [{ workspaceId: w, id: ID.unrouted, recordId: '43', trigger: {} }]),
  },
  'event-claims.ts': {
    unclaimEvents: (m, w) => eventClaims.unclaimEvents(m, [seen(w)]),
    claimTheseEvents: async (m, w) => {
      await m.query(`SELECT set_config('automation.release', '${RELEASE}', true)`);
      return eventClaims.claimTheseEvents(m, [unrouted(w)]);
    },
    letEventsWait: (m, w) => eventClaims.letEventsWait(m, [seen(w)]),
    noteFindings: (m, w) => eventClaims.noteFindings(m, [{ ...seen(w), record: null, changes: null, cut: null, error: null }]),
    markUnroutable: (m, w) => eventClaims.markUnroutable(m, unrouted(w), ERROR),
  },
  'event-store.ts': {
    insertEvents: (m, w) => events.insertEvents(m, [start(w)]),
    insertHeardEvent: (m, w) => events.insertHeardEvent(m, start(w)),
    insertStarts: (m, w) => events.insertStarts(m, [start(w)]),
    findKeyedEvent: (m, w) => events.findKeyedEvent(m, w, 'hook', 'k'),
    loadEvents: (m, w) => events.loadEvents(m, [seen(w)]),
  },
  'past-events.ts': {
    loadPastEvents: (m, w) => {
      return pastEvents.loadPastEvents(m, w, [{ module: 'leads', event: 'created' }], { from: LONG_AGO, before: null, window: 9, most: 9 });
    },
  },
  'replay-store.ts': {
    insertReplays: (m, w) => replays.insertReplays(m, seen(w), [{ id: ID.fresh, target: { workflowId: ID.workflow }, trigger: {} }]),
    lockForReplay: (m, w) => replays.lockForReplay(m, seen(w)),
    findPendingReplays: (m, w) => replays.findPendingReplays(m, seen(w)),
    listRunsOfReplays: (m, w) => replays.listRunsOfReplays(m, seen(w)),
    namesOfStartable: (m, w) => replays.namesOfStartable(m, w, [ID.workflow]),
  },
  'start-batches.ts': { findBatch: (m, w) => startBatches.findBatch(m, w, ID.batch) },
  'timeline.ts': {
    listRecordEvents: (m, w) => timeline.listRecordEvents(m, { workspaceId: w, ...LEAD }, { before: null, limit: 1 }),
    listRecordChanges: (m, w) => timeline.listRecordChanges(m, { workspaceId: w, ...LEAD }, { before: null, limit: 9, since: null }, []),
    listLooks: (m, w) => timeline.listLooks(m, w, [ID.event, ID.replay], { most: 9, workflowId: null }, CATALOG),
    findNewestRecord: (m, w) => timeline.findNewestRecord(m, { workspaceId: w, ...LEAD }),
  },
};

/** What is asked and written of runs and their steps. */
export const OF_RUNS: Statements = {
  'monthly-runs.ts': {
    addMonthlyRuns: (m, w) => monthlyRuns.addMonthlyRuns(m, new Map([[w, 1]])),
    countMonthlyRuns: (m, w) => monthlyRuns.countMonthlyRuns(m, [w]),
  },
  'run-batches.ts': { noteBatch: (m, w) => batches.noteBatch(m, w, ID.batch, [ID.succeeded]) },
  'run-command-store.ts': {
    lockRun: async (m, w) => [
      await commands.lockRun(m, w, ID.failed),
      await commands.lockRun(m, w, ID.inputless),
      await commands.lockRun(m, w, ID.moved),
    ],
    countRuns: (m, w) => commands.countRuns(m, every(w)),
    lockRuns: (m, w) => commands.lockRuns(m, every(w, { status: ['failed'], retriable: true, notInBatch: ID.fresh }), 9),
    holdWorkflows: (m, w) => commands.holdWorkflows(m, w, [ID.workflow]),
    loadDefinitions: (m, w) => commands.loadDefinitions(m, w, [ID.version]),
    requeueFailed: (m, w) => commands.requeueFailed(m, w, [ID.failed]),
    supersede: (m, w) => commands.supersede(m, w, [{ runId: ID.failed, paths: ['call'] }]),
    restartRuns: (m, w) => commands.restartRuns(m, w, [{ id: ID.failed, newId: ID.fresh, versionId: ID.version, version: 1 }], ['failed']),
    takeRuns: (m, w) => commands.takeRuns(m, w, [ID.queued]),
  },
  'run-groups.ts': {
    countByStatus: (m, w) => groups.countByStatus(m, every(w)),
    groupRuns: (m, w) => groups.groupRuns(m, every(w), 'version'),
    versionsToRun: (m, w) => groups.versionsToRun(m, every(w), { version: 'newest' }),
    judgeRetry: (m, w) =>
      groups.judgeRetry(m, every(w), { from: 'failed_step', version: 'newest', externalTypes: ['webhook'], beyondPlan: [] }),
    judgeCancel: (m, w) => groups.judgeCancel(m, every(w)),
  },
  'run-log-store.ts': {
    listRuns: async (m, w) => {
      const filters = [
        {},
        { batchId: ID.batch },
        { recordId: '42' },
        { workflowId: ID.workflow },
        { status: ['failed'] },
        { ids: [ID.failed] },
      ];
      const searches = [{ search: '42' }, { search: ID.event }, { search: 'refused' }];
      const pages: unknown[] = [];
      for (const filter of [...filters, ...searches]) {
        for (const limit of [2, 20]) pages.push(await runLog.listRuns(m, every(w, filter), { limit }, CATALOG));
      }
      return pages;
    },
    findRun: (m, w) => runLog.findRun(m, w, ID.moved, CATALOG),
    listChildren: (m, w) => runLog.listChildren(m, w, ID.waiting, CATALOG),
    listEvents: (m, w) => runLog.listEvents(m, w, {}, { limit: 9 }, ['leads']),
    findEvent: (m, w) => runLog.findEvent(m, w, ID.event),
    listRunsOfEvent: (m, w) => runLog.listRunsOfEvent(m, w, ID.replay, CATALOG),
  },
  'runs/admission.ts': {
    admitFirstOfRecords: (m, w) => {
      return admission.admitFirstOfRecords(
        m,
        { workspaceId: w, workflowId: ID.workflow },
        { after: { module: '', recordId: '' }, limit: 9 },
      );
    },
    admitFromQueue: async (m, w) => {
      await m.query('UPDATE automation.runs SET admission = NULL WHERE workspace_id = $1 AND id = $2', [w, ID.child]);
      const admitted = await admission.admitFromQueue(m, { workspaceId: w, workflowId: ID.workflow }, 9);
      const [row] = await m.query('SELECT admission FROM automation.runs WHERE workspace_id = $1 AND id = $2', [w, ID.inQueue]);
      return [admitted, row];
    },
  },
  'runs/awaited-runs.ts': { findRunWaits: (m, w) => awaited.findRunWaits(m, w, [ID.waiting, ID.inQueue, ID.inOrder], 9) },
  'runs/callbacks.ts': {
    noteCallbacks: (m, w) => callbacks.noteCallbacks(m, [{ workspaceId: w, id: ID.failed, status: 'failed' }]),
    closeCallbackAttempts: (m, w) => {
      return callbacks.closeCallbackAttempts(m, [{ workspaceId: w, runId: ID.succeeded, kind: 'onSuccess' } as never], ERROR);
    },
    settleCallback: async (m, w) => {
      const mine = { workspaceId: w, runId: ID.succeeded, fence: 1 };
      return [await callbacks.settleCallback(m, mine, NOW), await callbacks.settleCallback(m, mine, null)];
    },
  },
  'runs/context.ts': {
    writeRunContexts: (m, w) => contexts.writeRunContexts(m, [{ workspaceId: w, id: ID.queued, context: {} }]),
    loadRunContexts: (m, w) => contexts.loadRunContexts(m, [{ workspaceId: w, id: ID.queued }]),
  },
  'runs/earlier-runs.ts': {
    lockAndLoadEarlierRuns: (m, w) => earlier.lockAndLoadEarlierRuns(m, [pair(w)]).then((found) => [...found.values()]),
    loadEarlierRuns: (m, w) => earlier.loadEarlierRuns(m, [pair(w)]).then((found) => [...found.values()]),
  },
  'runs/inbox.ts': {
    countAnswer: (m, w) => inbox.countAnswer(m, { workspaceId: w, runId: ID.waiting, path: 'ask', attempt: 1 }),
    insertAnswer: (m, w) => inbox.insertAnswer(m, { workspaceId: w, runId: ID.held, path: 'call', attempt: 1 }, {}),
    loadAnswers: (m, w) => inbox.loadAnswers(m, [{ workspaceId: w, id: ID.waiting }]),
  },
  'runs/left-sub-runs.ts': {
    noteLeftSubRuns: (m, w) => leftSubRuns.noteLeftSubRuns(m, [{ workspaceId: w, runId: ID.failed }]),
    stillWaiting: (m, w) => leftSubRuns.stillWaiting(m, [{ workspaceId: w, runId: ID.waiting, path: 'ask', attempt: 1 }]),
  },
  'runs/progress.ts': {
    insertRuns: (m, w) => progress.insertRuns(m, [{ ...IDENTITY, workspaceId: w, id: ID.fresh, eventId: ID.event, status: 'queued' }]),
    holdRuns: (m, w) => progress.holdRuns(m, [{ ...held(w), progressed: true, answers: null }], 1),
    confirmRuns: (m, w) => progress.confirmRuns(m, [{ ...held(w), answers: null }]),
    parkRuns: (m, w) => progress.parkRuns(m, [{ ...held(w), waiting: [], dueAt: '2999-01-01T00:00:00Z', answers: 0, endsWaits: false }]),
    finishRuns: (m, w) => {
      const end = { status: 'succeeded', reason: null, error: null, failedSteps: 0, finishedAt: '2026-01-02T00:00:00Z' } as const;
      return progress.finishRuns(m, [{ ...held(w), ...end, answers: 0 }]);
    },
    releaseRuns: (m, w) => progress.releaseRuns(m, [held(w)]),
    postponeRun: (m, w) => progress.postponeRun(m, held(w), 1),
    extendLeases: (m, w) => progress.extendLeases(m, [held(w)], 1),
    stillHeld: (m, w) => progress.stillHeld(m, [held(w)]),
  },
  'runs/runs-at-the-time.ts': {
    loadRunsAtTheTime: (m, w) => {
      const started = { eventId: ID.unrouted, ...LEAD, occurredAt: NOW.toISOString() };
      return atTheTime.loadRunsAtTheTime(m, { workspaceId: w, id: ID.workflow }, [started], NOW);
    },
  },
  'stats-store.ts': {
    addStats: (m, w) => {
      const days = new DayDeltas();
      days.add({ workspaceId: w, workflowId: ID.workflow, status: 'succeeded' });
      return stats.addStats(m, [{ workspaceId: w, workflowId: ID.workflow, ...STARTED }], days);
    },
  },
  'step-store.ts': {
    writeExecutions: async (m, w) => {
      const [known] = (await steps.loadExecutions(m, [{ workspaceId: w, id: ID.held }])).values();
      return steps.writeExecutions(
        m,
        (known ?? []).map((one) => ({ ...one, workspaceId: w, runId: ID.held })),
      );
    },
    deleteExecutions: (m, w) => steps.deleteExecutions(m, [{ workspaceId: w, runId: ID.held, path: 'call', attempt: 1 }]),
    closeExecutions: async (m, w) => {
      await steps.closeExecutions(m, [{ workspaceId: w, runId: ID.waiting, lost: ERROR, unanswered: ERROR, unused: ERROR }]);
      return steps.loadExecutions(m, [{ workspaceId: w, id: ID.waiting }]);
    },
    loadExecutions: (m, w) => steps.loadExecutions(m, [{ workspaceId: w, id: ID.succeeded }]),
  },
};
