import type { DataSource } from 'typeorm';
import { AutomationError } from '../../core/errors.js';
import type { NewNote, NewNotification, NewTask } from '../crm-host.js';
import { type ClassRules, classRules } from './class-rules.js';
import type { CrmOptions } from './config.js';
import { configError } from './config-error.js';
import { type EntityMaker, makerByFunction, makerByProperties, missingParts, unfilledProperties } from './create-rows.js';
import { EntityTable } from './entity-table.js';

/** Where rows of one kind are created. */
export interface Creation<Item> {
  table: EntityTable;
  make: EntityMaker<Item>;
}

/** With what the host is to hear of at start. */
interface WarnedCreation<Item> extends Creation<Item> {
  warnings: readonly string[];
}

/** Where tasks go. */
export interface TaskCreation extends WarnedCreation<NewTask> {
  rules: ClassRules | null;
}

/** Among what they are created. */
export interface CreationSite {
  dataSource: DataSource;
  defaultWorkspace: string | null;
  /** The table of the module that they live in, where there is one: what a step makes is then a record like any other. */
  module?: EntityTable | undefined;
}

/** Where tasks go; undefined where the host has none. */
export function taskCreation(
  option: CrmOptions['tasks'],
  { dataSource, defaultWorkspace, module }: CreationSite,
): TaskCreation | undefined {
  if (!option) return undefined;
  const table = module ?? new EntityTable(dataSource, option, defaultWorkspace);
  const rules = classRules(table, option.validate);
  if (option.map) return { table, rules, make: makerByFunction(table, option.map), warnings: [] };
  const usual = {
    title: 'title',
    description: 'description',
    assignee: 'assigneeId',
    dueAt: 'dueAt',
    priority: 'priority',
    recordModule: 'recordModule',
    recordId: 'recordId',
  };
  const make = makerByProperties(table, usual, option.properties ?? {}, (task: NewTask) => ({
    title: task.title,
    description: task.description,
    assignee: task.assigneeId,
    dueAt: task.dueAt,
    priority: task.priority,
    recordModule: task.record?.module ?? null,
    recordId: task.record?.id ?? null,
  }));
  const lost = missingParts(table, usual, option.properties ?? {}, ['title', 'assignee', 'dueAt']);
  const warnings = lost.map(
    (part) =>
      `tasks: ${table.metadata.name} has no property '${usual[part]}', so the ${part} of a task is lost; name the property (properties: { ${part}: … }), or write null.`,
  );
  return { table, rules, make, warnings: [...warnings, ...unfilled('tasks', table, usual, option.properties ?? {})] };
}

/** The same for notes. */
export function noteCreation(
  option: CrmOptions['notes'],
  { dataSource, defaultWorkspace, module }: CreationSite,
): Creation<NewNote> | undefined {
  if (!option) return undefined;
  const table = module ?? new EntityTable(dataSource, option, defaultWorkspace);
  if (option.map) return { table, make: makerByFunction(table, option.map) };
  const usual = { body: 'body', author: 'authorId', recordModule: 'recordModule', recordId: 'recordId' };
  const lost = missingParts(table, usual, option.properties ?? {}, ['body', 'recordId'])[0];
  if (lost !== undefined) {
    throw configError(
      `Notes cannot be written: ${table.metadata.name} has no property '${usual[lost]}'.`,
      `Name the property: { notes: { entity: …, properties: { ${lost}: … } } }, or give \`map\`.`,
    );
  }
  const make = makerByProperties(table, usual, option.properties ?? {}, (note: NewNote) => ({
    body: note.body,
    author: note.authorId,
    recordModule: note.record.module,
    recordId: note.record.id,
  }));
  return { table, make };
}

/** The same for notifications. */
export function notificationCreation(
  option: CrmOptions['notifications'],
  { dataSource, defaultWorkspace }: CreationSite,
): WarnedCreation<NewNotification> | undefined {
  if (!option) return undefined;
  const table = new EntityTable(dataSource, option, defaultWorkspace);
  if (option.map) return { table, make: makerByFunction(table, option.map), warnings: [] };
  const usual = { user: 'userId', title: 'title', body: 'body', recordModule: 'recordModule', recordId: 'recordId' };
  if (option.properties?.user === null || missingParts(table, usual, option.properties ?? {}, ['user']).length > 0) {
    throw configError(
      `Nothing says whom a notification is for: ${table.metadata.name} has no property 'userId'.`,
      "Name the property: { notifications: { entity: Notification, properties: { user: 'recipientId' } } }.",
    );
  }
  const make = makerByProperties(table, usual, option.properties ?? {}, (notification: NewNotification) => ({
    user: notification.userId,
    title: notification.title,
    body: notification.body,
    recordModule: notification.record?.module ?? null,
    recordId: notification.record?.id ?? null,
  }));
  return { table, make, warnings: unfilled('notifications', table, usual, option.properties ?? {}) };
}

/** Throws `crm_config_invalid` where the host has not said where they go. */
export function needed<Kind>(creation: Kind | undefined, what: string): Kind {
  if (creation) return creation;
  throw new AutomationError('crm_config_invalid', `typeOrmCrm() was not told where ${what} go.`, {
    hint: `Give it { ${what}: { entity: … } } as part of its second argument.`,
  });
}

/** What the first insert would fail of, said at the start. */
function unfilled(
  what: string,
  table: EntityTable,
  usual: Readonly<Record<string, string>>,
  given: Readonly<Record<string, string | null>>,
): string[] {
  const properties = unfilledProperties(table, usual, given);
  if (properties.length === 0) return [];
  const list = properties.map((property) => `'${property}'`).join(', ');
  return [
    `${what}: ${table.metadata.name} wants ${list}, and nothing known at start fills it: creating one fails; give \`map\`, which makes the entity, or the column a default.`,
  ];
}
