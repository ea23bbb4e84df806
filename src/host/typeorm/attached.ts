import type { DataSource, ObjectLiteral } from 'typeorm';
import type { NewNote, NewNotification } from '../crm-host.js';
import type { CrmOptions, ModuleOption } from './config.js';
import { ConfigProblems, checkShape, inExtras } from './config-problems.js';
import { type Creation, noteCreation, notificationCreation, type TaskCreation, taskCreation } from './creations.js';
import { buildModule, type CrmModule } from './crm-module.js';
import { EntityTable } from './entity-table.js';
import { type Users, usersOf } from './people.js';

/** Stands in for users that could not be built; nobody is looked for then. */
const NOBODY: Users = { find: async () => [], metadata: undefined };

/** What a CRM is made of, once its entities are known. */
export interface Attached {
  modules: ReadonlyMap<string, CrmModule>;
  users: Users;
  tasks: TaskCreation | undefined;
  notifications: Creation<NewNotification> | undefined;
  notes: Creation<NewNote> | undefined;
  warnings: readonly string[];
}

/**
 * Builds what {@link typeOrmCrm} was given over the entities of a DataSource; `named`: the modules that tasks and notes are,
 * where they are some. Throws `crm_config_invalid` with all that is wrong, part by part.
 */
export function attachedTo(
  dataSource: DataSource,
  options: Readonly<Record<string, ModuleOption<ObjectLiteral>>>,
  extras: CrmOptions,
  named: { tasks: string | undefined; notes: string | undefined },
): Attached {
  const problems = new ConfigProblems();
  if (!checkShape(options, extras, problems)) problems.report();
  const defaultWorkspace = extras.workspace === undefined ? 'workspaceId' : extras.workspace;
  const tables = new Map<string, EntityTable>();
  for (const [name, { entity, workspace, where, owner, fields, update, deleted }] of Object.entries(options)) {
    const option = { entity, workspace, where, owner, fields, update, deleted };
    const table =
      problems.attempt(name, () => new EntityTable(dataSource, option, defaultWorkspace)) ??
      // Where its tenant cannot be told, what else is wrong with it comes in the same list.
      problems.attempt(name, () => new EntityTable(dataSource, { ...option, workspace: null, where: undefined }, null));
    if (table) tables.set(name, table);
  }
  const users = problems.attempt(inExtras('users'), () => usersOf(dataSource, extras.users, defaultWorkspace));
  const modules = new Map<string, CrmModule>();
  const known = { users: users ?? NOBODY, defaultWorkspace };
  for (const [name, table] of tables) {
    for (const property of [options[name]?.stage, options[name]?.owner]) {
      if (property !== undefined) problems.attempt(name, () => table.columnOf(property));
    }
    const module = problems.attempt(name, () => buildModule(name, table, options[name], tables, known));
    if (module) modules.set(name, module);
  }
  const site = { dataSource, defaultWorkspace };
  const moduleOf = (name: string | undefined): EntityTable | undefined => (name === undefined ? undefined : tables.get(name));
  const tasks = problems.attempt(inExtras('tasks'), () => taskCreation(extras.tasks, { ...site, module: moduleOf(named.tasks) }));
  const notifications = problems.attempt(inExtras('notifications'), () => notificationCreation(extras.notifications, site));
  const notes = problems.attempt(inExtras('notes'), () => noteCreation(extras.notes, { ...site, module: moduleOf(named.notes) }));
  problems.report();
  const warnings = [
    ...[...modules].flatMap(([name, module]) => module.warnings.map((one) => `${name}: ${one}`)),
    ...(tasks?.warnings ?? []),
    ...(notifications?.warnings ?? []),
  ];
  return { modules, users: users ?? NOBODY, tasks, notifications, notes, warnings };
}
