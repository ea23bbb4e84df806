import * as activeWorkflows from '../../../src/store/active-workflows.js';
import * as auditList from '../../../src/store/audit-list.js';
import * as auditStore from '../../../src/store/audit-store.js';
import * as contextStore from '../../../src/store/context-store.js';
import * as dateBuilds from '../../../src/store/date-builds.js';
import * as dateTriggers from '../../../src/store/date-triggers.js';
import * as integrations from '../../../src/store/integrations.js';
import * as schedules from '../../../src/store/schedules.js';
import * as search from '../../../src/store/search-store.js';
import * as secrets from '../../../src/store/secrets.js';
import * as triggerTokens from '../../../src/store/trigger-tokens.js';
import * as why from '../../../src/store/why-store.js';
import * as days from '../../../src/store/workflow-days.js';
import * as list from '../../../src/store/workflow-list-store.js';
import * as workflows from '../../../src/store/workflow-store.js';
import * as versions from '../../../src/store/workflow-versions.js';
import * as writes from '../../../src/store/workflow-writes.js';
import { ID, LONG_AGO, NOW, PAST, USER } from './names.js';
import type { Statements } from './statement.js';

const DRAFT = { draft: { a: 1 }, problems: [], trigger: null, module: 'leads' };
const DATED = { workflowId: ID.workflow, versionId: ID.version, module: 'leads', recordId: '42' };

/** What is asked and written of workflows and of what belongs to their definitions. */
export const OF_DEFINITIONS: Statements = {
  'active-workflows.ts': {
    loadActive: (m, w) => activeWorkflows.loadActive(m, w),
    loadActiveWorkflows: (m, w) => activeWorkflows.loadActiveWorkflows(m, w),
    countActiveOthers: (m, w) => activeWorkflows.countActiveOthers(m, w, null),
    shareActiveWorkflows: (m, w) => activeWorkflows.shareActiveWorkflows(m, [w]),
    loadTargets: (m, w) => activeWorkflows.loadTargets(m, [{ workspaceId: w, workflowId: ID.workflow, versionId: ID.version }]),
    loadVersions: (m, w) => activeWorkflows.loadVersions(m, [{ workspaceId: w, versionId: ID.version }]),
  },
  'audit-list.ts': { listAudit: (m, w) => auditList.listAudit(m, w, {}, { limit: 9 }) },
  'audit-store.ts': {
    writeAudit: (m, w) => {
      const target = { targetType: 'run', targetId: ID.fresh } as const;
      return auditStore.writeAudit(m, [
        { workspaceId: w, actor: USER, action: 'run.retried', ...target, before: null, after: null, note: null },
      ]);
    },
    loadAudit: (m, w) => auditStore.loadAudit(m, w, 'workflow', ID.workflow),
  },
  'context-store.ts': {
    loadContexts: (m, w) => contextStore.loadContexts(m, [{ workspaceId: w, workflowId: ID.workflow }]),
    patchContexts: (m, w) => contextStore.patchContexts(m, [{ workspaceId: w, workflowId: ID.workflow, key: 'score', value: null }], 9),
  },
  'date-builds.ts': {
    beginDateBuild: (m, w) => dateBuilds.beginDateBuild(m, { workspaceId: w, workflowId: ID.workflow, versionId: null, isListed: true }),
    advanceDateBuild: (m, w) => {
      return dateBuilds.advanceDateBuild(
        m,
        { workspaceId: w, workflowId: ID.workflow },
        { state: 'building', after: '42', seen: 1, noted: 1 },
      );
    },
    noteDateBuildProblem: (m, w) => {
      return dateBuilds.noteDateBuildProblem(
        m,
        { workspaceId: w, workflowId: ID.workflow, versionId: ID.version },
        { code: 'no', message: 'No.' },
      );
    },
    clearEarlierVersions: (m, w) => {
      const build = { workspaceId: w, workflowId: ID.workflow, versionId: ID.version, state: 'clearing', after: null } as const;
      return dateBuilds.clearEarlierVersions(m, { ...build, startedAt: LONG_AGO }, 9);
    },
    shownDates: (m, w) => dateBuilds.shownDates(m, w, ID.workflow),
  },
  'date-triggers.ts': {
    lockDueRecords: (m, w) => dateTriggers.lockDueRecords(m, w, 9, []),
    removeDateTriggers: (m, w) => dateTriggers.removeDateTriggers(m, [{ workspaceId: w, ...DATED }]),
    noteDateTriggers: (m, w) => dateTriggers.noteDateTriggers(m, [{ kind: 'none', workspaceId: w, ...DATED }]),
  },
  'integrations.ts': {
    listIntegrations: (m, w) => integrations.listIntegrations(m, w),
    findIntegration: (m, w) => integrations.findIntegration(m, w, 'erp'),
    putIntegration: (m, w) => {
      return integrations.putIntegration(m, w, {
        code: 'erp',
        description: null,
        module: null,
        machine: null,
        mode: 'per_run',
        enabled: true,
      });
    },
    countIntegrations: (m, w) => integrations.countIntegrations(m, w),
    deleteIntegration: (m, w) => integrations.deleteIntegration(m, w, 'erp'),
    subjectOfMachine: (m, w) => integrations.subjectOfMachine(m, w, 'orders'),
    machinesForIntegration: (m, w) => integrations.machinesForIntegration(m, w, 'erp'),
  },
  'schedules.ts': {
    advanceSchedules: (m, w) => schedules.advanceSchedules(m, [{ workspaceId: w, workflowId: ID.workflow, nextAt: NOW }]),
    removeSchedules: (m, w) => schedules.removeSchedules(m, [{ workspaceId: w, workflowId: ID.workflow }]),
    lockSchedule: (m, w) => schedules.lockSchedule(m, { workspaceId: w, workflowId: ID.workflow }),
    putSchedule: async (m, w) => {
      const at = { workspaceId: w, workflowId: ID.workflow, versionId: ID.oldVersion, nextAt: NOW };
      return workflows.hasDefinition(m, w, 'workflow', ID.workflow).then((has) => (has ? schedules.putSchedule(m, at) : null));
    },
  },
  'search-store.ts': {
    searchWorkflows: (m, w) => search.searchWorkflows(m, w, 'welcome', 9),
    findModulesOf: (m, w) => search.findModulesOf(m, w, '42', ['leads']),
  },
  'secrets.ts': {
    listSecrets: (m, w) => secrets.listSecrets(m, w),
    findSecret: (m, w) => secrets.findSecret(m, w, 'stripe'),
    writeSecret: (m, w) => {
      const sealed = { keyId: 'k2', bytes: Buffer.from('b') };
      return secrets.writeSecret(m, { workspaceId: w, name: 'stripe', id: ID.secret, hosts: [], sealed }, USER);
    },
    deleteSecret: (m, w) => secrets.deleteSecret(m, w, 'stripe'),
    workflowsWithSecret: (m, w) => secrets.workflowsWithSecret(m, w, 'stripe'),
    resealSecrets: (m, w) => {
      const sealed = { keyId: 'k2', bytes: Buffer.from('b') };
      return secrets.resealSecrets(m, [{ workspaceId: w, name: 'stripe', id: ID.secret, hosts: [], sealed }]);
    },
  },
  'trigger-tokens.ts': {
    listTokens: (m, w) => triggerTokens.listTokens(m, w, ID.workflow, 9),
    replaceToken: async (m, w) => {
      const token = { workspaceId: w, workflowId: ID.workflow, id: ID.fresh, hash: 'dd'.repeat(32), createdBy: USER };
      return workflows.hasDefinition(m, w, 'workflow', ID.workflow).then((has) => (has ? triggerTokens.replaceToken(m, token, 0) : null));
    },
  },
  'why-store.ts': {
    findLife: (m, w) => why.findLife(m, w, ID.workflow, PAST),
    findVersionAt: (m, w) => why.findVersionAt(m, w, ID.workflow, PAST),
    findRunsOf: (m, w) => why.findRunsOf(m, w, ID.replay, ID.workflow),
    listLives: (m, w) => why.listLives(m, w, { from: PAST, to: NOW, workflowId: null, limit: 9 }),
  },
  'workflow-days.ts': {
    findStatistics: (m, w) => days.findStatistics(m, w, ID.workflow),
    // One a day, and a day may end meanwhile.
    findDays: (m, w) => days.findDays(m, w, ID.workflow).then((found) => found.filter(({ succeeded }) => succeeded > 0)),
  },
  'workflow-list-store.ts': {
    listWorkflows: (m, w) =>
      list.listWorkflows(m, w, { writes: 'leads.stage', sort: { field: 'failed7d', descending: true }, page: 1, limit: 9 }),
    findWorkflow: (m, w) => list.findWorkflow(m, w, ID.workflow),
  },
  'workflow-store.ts': {
    insertWorkflow: (m, w) =>
      workflows.insertWorkflow(m, w, 'workflow', { id: ID.fresh, code: 'welcome', name: 'New', description: null, ...DRAFT }),
    lockWorkflow: (m, w) => workflows.lockWorkflow(m, w, 'workflow', ID.workflow),
    findDraft: (m, w) => workflows.findDraft(m, w, 'workflow', ID.workflow),
    hasDefinition: (m, w) => workflows.hasDefinition(m, w, 'machine', ID.machine),
    isCodeTaken: (m, w) => workflows.isCodeTaken(m, w, 'welcome', ID.fresh),
    updateWorkflow: async (m, w) => {
      // What the other workspace has published under the same id.
      const change = { code: 'new', name: 'New', description: null, ...DRAFT, draft: { other: true } };
      return [await workflows.updateWorkflow(m, w, ID.workflow, 1, change), await list.findWorkflow(m, w, ID.workflow)];
    },
    setStatus: (m, w) => workflows.setStatus(m, w, ID.workflow, 'paused'),
    raiseGeneration: (m, w) => workflows.raiseGeneration(m, w),
    findStartable: (m, w) => workflows.findStartable(m, w, 'welcome'),
    listKnown: (m, w) => workflows.listKnown(m, w, ['welcome', ID.workflow]),
    listCodes: (m, w) => workflows.listCodes(m, w, [ID.workflow]),
    deleteWorkflow: (m, w) => workflows.deleteWorkflow(m, w, ID.workflow),
  },
  'workflow-versions.ts': {
    publishVersion: async (m, w) => {
      const from = {
        restoredFrom: 1,
        status: 'active',
        publishedBy: USER,
        note: null,
        settingDefaults: null,
        trigger: null,
        module: null,
      } as const;
      await versions.publishVersion(m, w, ID.workflow, from);
      return list.findWorkflow(m, w, ID.workflow);
    },
    draftFromPublished: (m, w) => versions.draftFromPublished(m, w, ID.workflow, []).then(() => list.findWorkflow(m, w, ID.workflow)),
    withdrawPublished: (m, w) => versions.withdrawPublished(m, w, ID.workflow, DRAFT),
    listVersions: (m, w) => versions.listVersions(m, w, ID.workflow, { before: null, limit: 9 }),
    findVersion: (m, w) => versions.findVersion(m, w, ID.workflow, 1),
    countUnfinishedRuns: (m, w) => versions.countUnfinishedRuns(m, w, ID.workflow),
  },
  'workflow-writes.ts': {
    findUnknownWrites: (m, w) => writes.findUnknownWrites(m, w, 'catalog', 9),
    keepWrites: (m, w) => writes.keepWrites(m, w, [{ workflowId: ID.workflow, state: 'x', fields: ['leads.name'] }]),
  },
};
