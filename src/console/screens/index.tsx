import type { FunctionComponent, VNode } from 'preact';
import type { Permission } from '../api/types.js';
import type { IconName } from '../ui/icon.js';
import { AuditScreen } from './audit/routes.js';
import { EditorPage } from './editor/routes.js';
import { MachinesPage } from './machines/routes.js';
import { RunsPage } from './runs/routes.js';
import { RunList } from './runs/run-list.js';
import { StartPage } from './start/start-page.js';
import { TasksPage } from './tasks/routes.js';
import { TaskBadge } from './tasks/task-badge.js';
import { AnswerPage } from './why/routes.js';
import { WorkflowPage } from './workflow/routes.js';
import { WorkflowList } from './workflows/workflow-list.js';

/** A screen, and whom it is for; null: for everybody who is known. */
interface Screen {
  permission: Permission | null;
  draw: () => VNode;
}

/** A line of the main navigation. */
interface NavigationItem {
  /** The first segment of its address; empty: the console's own. */
  path: string;
  label: string;
  icon: IconName;
  permission: Permission | null;
  /** What is counted beside it. */
  badge?: FunctionComponent;
  /** The first segment of what belongs to it and stands elsewhere. */
  also?: string;
}

const NAVIGATION: readonly NavigationItem[] = [
  { path: '', label: 'Start', icon: 'home', permission: null },
  { path: 'workflows', label: 'Workflows', icon: 'workflows', permission: 'view' },
  { path: 'runs', label: 'Runs', icon: 'runs', permission: 'view' },
  { path: 'why', label: 'Why?', icon: 'question', permission: 'view', also: 'events' },
  { path: 'tasks', label: 'Tasks', icon: 'tasks', permission: 'tasks', badge: TaskBadge },
  { path: 'machines', label: 'State machines', icon: 'machine', permission: 'view', also: 'instances' },
  { path: 'audit', label: 'Audit', icon: 'audit', permission: 'view' },
];

/** Returns what the navigation offers to somebody with these permissions. */
export function screensFor(permissions: readonly Permission[]): NavigationItem[] {
  return NAVIGATION.filter(({ permission }) => permission === null || permissions.includes(permission));
}

/** Returns the screen of an address; null where there is none. */
export function screenOf(segments: readonly string[]): Screen | null {
  const [first, id, third] = segments;
  if (first === 'runs' && id !== undefined && third === undefined)
    return { permission: 'view', draw: () => <RunsPage key={id} page={({ RunPage }) => RunPage} props={{ id }} /> };
  if (first === 'events' && id !== undefined && third === undefined)
    return { permission: 'view', draw: () => <AnswerPage key={id} page={({ EventPage }) => EventPage} props={{ id }} /> };
  if (first === 'tasks' && id !== undefined && third === undefined)
    return { permission: 'tasks', draw: () => <TasksPage key={id} page={({ TaskPage }) => TaskPage} props={{ id }} /> };
  switch (segments.join('/')) {
    case '':
      return { permission: null, draw: () => <StartPage /> };
    case 'workflows':
      return { permission: 'view', draw: () => <WorkflowList /> };
    case 'runs':
      return { permission: 'view', draw: () => <RunList /> };
    case 'workflows/new':
      return { permission: 'manage', draw: () => <EditorPage page={({ NewWorkflow }) => NewWorkflow} props={{}} /> };
    case 'why':
      return { permission: 'view', draw: () => <AnswerPage page={({ WhyPage }) => WhyPage} props={{}} /> };
    case 'tasks':
      return { permission: 'tasks', draw: () => <TasksPage page={({ TaskList }) => TaskList} props={{}} /> };
    case 'machines':
      return { permission: 'view', draw: () => <MachinesPage page={({ MachineList }) => MachineList} props={{}} /> };
    case 'audit':
      return { permission: 'view', draw: () => <AuditScreen page={({ AuditPage }) => AuditPage} props={{}} /> };
    default:
      return screenOfWorkflow(segments) ?? screenOfMachine(segments);
  }
}

function screenOfMachine([first, id, page]: readonly string[]): Screen | null {
  if (id === undefined) return null;
  const of = (draw: Screen['draw']): Screen => ({ permission: 'view', draw });
  if (first === 'instances' && page === undefined)
    return of(() => <MachinesPage key={id} page={({ InstancePage }) => InstancePage} props={{ id }} />);
  if (first !== 'machines') return null;
  switch (page) {
    case undefined:
      return of(() => <MachinesPage key={id} page={({ MachineEditor }) => MachineEditor} props={{ id }} />);
    case 'instances':
      return of(() => <MachinesPage key={id} page={({ InstancesPage }) => InstancesPage} props={{ id }} />);
    case 'versions':
      return of(() => <MachinesPage key={id} page={({ MachineVersions }) => MachineVersions} props={{ id }} />);
    default:
      return null;
  }
}

function screenOfWorkflow([first, id, page]: readonly string[]): Screen | null {
  if (first !== 'workflows' || id === undefined) return null;
  const props = { id };
  switch (page) {
    case undefined:
      return { permission: 'view', draw: () => <EditorPage key={id} page={({ Editor }) => Editor} props={props} /> };
    case 'versions':
      return { permission: 'view', draw: () => <WorkflowPage key={id} page={({ VersionsTab }) => VersionsTab} props={props} /> };
    case 'runs':
      return { permission: 'view', draw: () => <WorkflowPage key={id} page={({ RunsTab }) => RunsTab} props={props} /> };
    case 'health':
      return { permission: 'view', draw: () => <WorkflowPage key={id} page={({ HealthTab }) => HealthTab} props={props} /> };
    case 'settings':
      return { permission: 'view', draw: () => <WorkflowPage key={id} page={({ SettingsTab }) => SettingsTab} props={props} /> };
    default:
      return null;
  }
}
