import './status.css';
import type { VNode } from 'preact';
import { Icon, type IconName } from './icon.js';

export type Tone = 'ok' | 'bad' | 'warn' | 'info' | 'skip' | 'neutral';

/** Every status that anything can have: its word, its picture and its colour. */
const STATUSES: Readonly<Record<string, readonly [word: string, icon: IconName, tone: Tone]>> = {
  succeeded: ['Succeeded', 'check', 'ok'],
  active: ['Active', 'check', 'ok'],
  approved: ['Approved', 'check', 'ok'],
  done: ['Done', 'check', 'ok'],
  completed: ['Completed', 'check', 'ok'],
  failed: ['Failed', 'cross', 'bad'],
  rejected: ['Rejected', 'cross', 'bad'],
  waiting: ['Waiting', 'clock', 'warn'],
  paused: ['Paused', 'pause', 'warn'],
  overdue: ['Overdue', 'clock', 'warn'],
  retrying: ['Trying again', 'retry', 'warn'],
  lost: ['Answer lost', 'warning', 'warn'],
  running: ['Running', 'play', 'info'],
  open: ['Open', 'play', 'info'],
  claimed: ['Taken', 'person', 'info'],
  queued: ['Queued', 'lines', 'neutral'],
  draft: ['Draft', 'pencil', 'neutral'],
  cancelled: ['Cancelled', 'dash', 'neutral'],
  expired: ['Expired', 'dash', 'neutral'],
  abandoned: ['Abandoned', 'dash', 'neutral'],
  superseded: ['Sent back', 'retry', 'neutral'],
  archived: ['Archived', 'box', 'neutral'],
  skipped: ['Skipped', 'skip', 'skip'],
};

/** Returns the word, picture and colour of a status. */
export function statusLook(status: string): { word: string; icon: IconName; tone: Tone } {
  const [word, icon, tone] = STATUSES[status] ?? [status, 'dash', 'neutral'];
  return { word, icon, tone };
}

/** A status: never by colour alone. */
export function Status({ status, word }: { status: string; word?: string }): VNode {
  const look = statusLook(status);
  return (
    <span class={`status tone-${look.tone}`}>
      <Icon name={look.icon} size={12} />
      {word ?? look.word}
    </span>
  );
}

/** A short remark beside a name: `unpublished changes`, `2 problems`. */
export function Mark({ tone = 'neutral', icon, children }: { tone?: Tone; icon?: IconName; children: string }): VNode {
  return (
    <span class={`mark tone-${tone}`}>
      {icon && <Icon name={icon} size={12} />}
      {children}
    </span>
  );
}
