import type { DataSource } from 'typeorm';
import { Mailer, type MailOptions } from './actions/email/mailer.js';
import { builtInActions } from './actions/index.js';
import { AddressGuard } from './actions/outbound/address-guard.js';
import { ActionRegistry } from './actions/registry.js';
import { AutomationError, type Problem } from './core/errors.js';
import { eventRuleProblems } from './core/event-rules.js';
import type { CrmHost } from './host/crm-host.js';
import { isAttachable } from './host/typeorm-crm-host.js';

/** What {@link partProblems} looks at, whatever the host has put there. */
interface Parts {
  dataSource: unknown;
  crm: unknown;
  access?: unknown;
  actions?: unknown;
  outbound?: unknown;
  mail?: unknown;
}

/** What a CrmHost cannot do without. */
const CRM_METHODS = [
  'describeModules',
  'findRecords',
  'updateRecords',
  'createTasks',
  'createNotifications',
  'findUsers',
  'countOwned',
  'findStages',
];

/**
 * What is wrong with the objects that the host gives: things of another kind, actions that nobody defined, a CRM that does not
 * fit the entities. Nothing is connected for it; entities are looked at where the DataSource knows them already.
 */
export function partProblems({ dataSource, crm, access, actions, outbound, mail }: Parts): Problem[] {
  const isSource = hasMethods(dataSource, ['getMetadata', 'hasMetadata', 'transaction']);
  const isCrm = hasMethods(crm, CRM_METHODS);
  const problems: Problem[] = [];
  if (!isSource) problems.push({ path: 'dataSource', message: "must be the host's TypeORM DataSource" });
  if (!isCrm) problems.push({ path: 'crm', message: crmMessage(crm) });
  if (access !== undefined && access !== null && !hasMethods(access, ['authenticate']))
    problems.push({ path: 'access', message: 'must be an AccessPolicy: an object with the method authenticate(request)' });
  problems.push(...actionProblems(actions));
  const host = crm as CrmHost;
  // Of one that is attached the same is told when it is checked.
  if (isCrm && !isAttachable(host)) problems.push(...moduleProblems(host));
  if (isSource && isCrm && isAttachable(host) && (dataSource as DataSource).isInitialized)
    problems.push(...thrown('crm', () => host.check?.(dataSource as DataSource)));
  if (outbound) problems.push(...thrown('outbound', () => new AddressGuard(outbound)));
  // Nothing is connected for it, nor loaded.
  if (mail) problems.push(...thrown('mail', () => new Mailer(mail as MailOptions)));
  return problems;
}

/** Events of a host's own CrmHost that never come about: about fields that there are not, or by no rule. */
function moduleProblems(host: CrmHost): Problem[] {
  return host
    .describeModules()
    .flatMap((module) => eventRuleProblems(module).map(({ path, message }) => ({ path: `crm.${module.name}.${path}`, message })));
}

function crmMessage(crm: unknown): string {
  const example = 'must be a CrmHost, such as typeOrmCrm({ leads: { entity: Lead } })';
  if (typeof crm !== 'object' || crm === null) return example;
  return `${example}; it has no ${CRM_METHODS.filter((name) => !hasMethods(crm, [name])).join(', no ')}`;
}

function actionProblems(actions: unknown): Problem[] {
  if (actions === undefined || actions === null) return [];
  if (!Array.isArray(actions)) return [{ path: 'actions', message: 'must be a list of actions, each made with defineAction' }];
  const problems = actions.flatMap((action, index): Problem[] =>
    isDefined(action)
      ? []
      : [{ path: `actions[${index}]`, message: `${nameOf(action)} must be made with defineAction({ type, label, … })` }],
  );
  if (problems.length > 0) return problems;
  return thrown('actions', () => {
    // What cannot be described would be heard of only when somebody asks for the catalogue.
    new ActionRegistry(actions).describe();
    new ActionRegistry([...builtInActions, ...actions]);
  });
}

/** As defineAction leaves it; told by its looks, because a host may have loaded the package twice. */
function isDefined(action: unknown): boolean {
  return hasMethods(action, ['execute', 'arguments']) && Object.isFrozen(action) && 'secret' in (action as object);
}

function nameOf(action: unknown): string {
  if (action === undefined) return 'is undefined (do its files import each other?):';
  const type = (action as { type?: unknown } | null)?.type;
  return typeof type === 'string' ? `'${type}'` : 'is no action:';
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}

/** The problems of an error of ours; others pass through. */
function thrown(path: string, build: () => unknown): Problem[] {
  try {
    build();
    return [];
  } catch (error) {
    if (!(error instanceof AutomationError)) throw error;
    if (error.problems?.length) return error.problems.map((one) => ({ path: `${path}.${one.path}`, message: one.message }));
    return [{ path, message: [error.message, error.hint].filter(Boolean).join('. ') }];
  }
}
