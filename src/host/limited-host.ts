import type { EntityManager } from 'typeorm';
import { AutomationError } from '../core/errors.js';
import type { CrmHost, CrmTransaction } from './crm-host.js';
import { type LentManager, lendManager } from './lent-manager.js';

/** Told when the host's code did not answer in time. */
export type OnTimeout = (workspaceId: string) => void;

/**
 * The CRM with a limit on every call of its code: a promise that never settles would hold its transaction, and everybody's
 * who shares it, for ever; the database's limits do not help while no statement runs. What is given up after its time may
 * go on behind our back, so it has the transaction only lent, and is refused from then on. A call fails with `crm_timed_out`,
 * or with what Postgres says when the transaction does not stand any more.
 */
export function limitCrmHost(crm: CrmHost, limitMs: number, onTimeout: OnTimeout = () => undefined): CrmHost {
  const loans = new WeakMap<EntityManager, LentManager>();
  /** The same for all calls of one transaction: those that are under way beside one that hangs hang as long. */
  const lend = (manager: EntityManager): EntityManager => {
    if (!manager.queryRunner) return manager;
    const loan = loans.get(manager) ?? lendManager(manager);
    loans.set(manager, loan);
    return loan.manager;
  };
  const giveUp = async ({ manager, workspaceId }: CrmTransaction, method: string): Promise<never> => {
    loans.get(manager)?.close();
    loans.delete(manager);
    onTimeout(workspaceId);
    // Does the transaction stand? It also ends the silence after which Postgres would end it.
    if (manager.queryRunner) await manager.query('SELECT 1');
    throw new AutomationError('crm_timed_out', `The CRM's own code did not answer '${method}' within ${limitMs / 1000} s.`, {
      hint: 'What it waits for there needs a limit of its own, such as a call to another service.',
      details: { method },
      retry: { kind: 'transient' },
    });
  };
  const limited = <Answer>(method: keyof CrmHost, tx: CrmTransaction, call: (tx: CrmTransaction) => Answer): Answer => {
    const answer = call({ ...tx, manager: lend(tx.manager) });
    // Rules often answer at once.
    if (!isThenable(answer)) return answer;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => void giveUp(tx, method).catch(reject), limitMs).unref();
    });
    return Promise.race([answer, late]).finally(() => clearTimeout(timer)) as Answer;
  };
  const host: CrmHost = {
    describeModules: () => crm.describeModules(),
    get taskModule() {
      return crm.taskModule;
    },
    get noteModule() {
      return crm.noteModule;
    },
    findRecords: (tx, module, ids, options) => limited('findRecords', tx, (lent) => crm.findRecords(lent, module, ids, options)),
    updateRecords: (tx, module, patches) => limited('updateRecords', tx, (lent) => crm.updateRecords(lent, module, patches)),
    createTasks: (tx, tasks) => limited('createTasks', tx, (lent) => crm.createTasks(lent, tasks)),
    createNotifications: (tx, items) => limited('createNotifications', tx, (lent) => crm.createNotifications(lent, items)),
    findUsers: (tx, query) => limited('findUsers', tx, (lent) => crm.findUsers(lent, query)),
    countOwned: (tx, module, userIds) => limited('countOwned', tx, (lent) => crm.countOwned(lent, module, userIds)),
    findStages: (tx, module, record) => limited('findStages', tx, (lent) => crm.findStages(lent, module, record)),
  };
  // These are asked at start, or answer without the database.
  const { identify, watch, captureTrigger } = crm;
  if (identify) host.identify = identify.bind(crm);
  if (watch) host.watch = watch.bind(crm);
  if (captureTrigger) host.captureTrigger = captureTrigger.bind(crm);
  const { findReferenced, listByDate, findMatching, createRecord, validate, validateTask, fieldOf } = crm;
  if (findReferenced) {
    host.findReferenced = (tx, module, field, values) =>
      limited('findReferenced', tx, (lent) => findReferenced.call(crm, lent, module, field, values));
  }
  if (listByDate) host.listByDate = (tx, module, range) => limited('listByDate', tx, (lent) => listByDate.call(crm, lent, module, range));
  if (findMatching) {
    host.findMatching = (tx, module, query) => limited('findMatching', tx, (lent) => findMatching.call(crm, lent, module, query));
  }
  if (createRecord)
    host.createRecord = (tx, module, set) => limited('createRecord', tx, (lent) => createRecord.call(crm, lent, module, set));
  if (validate) host.validate = (module, change, tx) => limited('validate', tx, (lent) => validate.call(crm, module, change, lent));
  if (validateTask) host.validateTask = (task, tx) => limited('validateTask', tx, (lent) => validateTask.call(crm, task, lent));
  const { listIds, createNotes } = crm;
  if (listIds) host.listIds = (tx, module, query) => limited('listIds', tx, (lent) => listIds.call(crm, lent, module, query));
  if (createNotes) host.createNotes = (tx, notes) => limited('createNotes', tx, (lent) => createNotes.call(crm, lent, notes));
  const { listUsers, listRoles, searchRecords } = crm;
  if (listUsers) host.listUsers = (tx, query) => limited('listUsers', tx, (lent) => listUsers.call(crm, lent, query));
  if (listRoles) host.listRoles = (tx) => limited('listRoles', tx, (lent) => listRoles.call(crm, lent));
  if (searchRecords) {
    host.searchRecords = (tx, module, query) => limited('searchRecords', tx, (lent) => searchRecords.call(crm, lent, module, query));
  }
  // In the host's own transaction, and synchronous: there is nothing to wait for.
  if (fieldOf) host.fieldOf = (module, given, field) => fieldOf.call(crm, module, given, field);
  unlimited.set(host, crm);
  return host;
}

/** The host behind its limits, for work that has a limit as a whole. */
export function withoutLimit(crm: CrmHost): CrmHost {
  return unlimited.get(crm) ?? crm;
}

const unlimited = new WeakMap<CrmHost, CrmHost>();

function isThenable(answer: unknown): answer is PromiseLike<unknown> {
  return typeof (answer as { then?: unknown } | null | undefined)?.then === 'function';
}
