import './states.css';
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Button } from './button.js';
import { Icon, type IconName } from './icon.js';
import type { Tone } from './status.js';

/** What there is to say where nothing is. */
export function EmptyState({ icon = 'lines', title, children }: { icon?: IconName; title: string; children?: ComponentChildren }): VNode {
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={icon} size={20} />
      </span>
      <p class="empty-title">{title}</p>
      {children && <div class="empty-more">{children}</div>}
    </div>
  );
}

/** What an error says: enough to act on, and to be copied into a ticket. */
export interface ToldError {
  message: string;
  hint?: string;
  code?: string;
  problems?: readonly { path: string; message: string; hint?: string }[];
}

/** An error in place of what it keeps from being shown. */
export function ErrorPanel({ error, retry }: { error: ToldError; retry?: () => void }): VNode {
  return (
    <div class="banner soft-bad" role="alert">
      <span class="tone-bad">
        <Icon name="warning" />
      </span>
      <div class="banner-words">
        <strong>{error.message}</strong>
        {error.hint && <p>{error.hint}</p>}
        {error.problems && error.problems.length > 0 && (
          <ul class="banner-list">
            {error.problems.map(({ path, message, hint }) => (
              <li key={`${path} ${message}`}>
                {path && <code>{path}</code>} {message} {hint}
              </li>
            ))}
          </ul>
        )}
        {error.code && <code class="banner-code">{error.code}</code>}
      </div>
      {retry && (
        <Button icon="refresh" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** A remark above what it is about. */
export function Banner({
  tone,
  icon,
  actions,
  children,
}: {
  tone: Tone;
  icon: IconName;
  actions?: ComponentChildren;
  children: ComponentChildren;
}): VNode {
  return (
    <div class={`banner soft-${tone}`}>
      <span class={`tone-${tone}`}>
        <Icon name={icon} />
      </span>
      <div class="banner-words">{children}</div>
      {actions && <div class="banner-actions">{actions}</div>}
    </div>
  );
}

/** Grey lines in the shape of what is being loaded; not before it has taken a moment. */
export function Skeleton({ rows = 6, what }: { rows?: number; what: string }): VNode {
  const isLate = useLate();
  return (
    <output class="skeleton" aria-label={`Loading ${what}`}>
      {isLate && Array.from({ length: rows }, (_, index) => <span key={index} class={`skeleton-row skeleton-${index % 4}`} />)}
    </output>
  );
}

const PATIENCE_MS = 150;

function useLate(): boolean {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return isLate;
}
