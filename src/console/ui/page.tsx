import './page.css';
import type { ComponentChildren, VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { Icon } from './icon.js';

interface PageProps {
  title: string;
  /** What stands beneath the title. */
  sub?: ComponentChildren;
  /** Back to where it belongs. */
  back?: { href: string; label: string };
  actions?: ComponentChildren;
  children: ComponentChildren;
}

/** One screen: its name, what can be done with it, and its content. */
export function Page({ title, sub, back, actions, children }: PageProps): VNode {
  useTitle(title);
  return (
    <div class="page">
      <header class="page-head">
        <div class="page-titles">
          {back && (
            <a class="page-back" href={back.href}>
              <Icon name="left" size={12} />
              {back.label}
            </a>
          )}
          <h1>{title}</h1>
          {sub && <div class="page-sub">{sub}</div>}
        </div>
        {actions && <div class="page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** Names the document as the screen is named. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Automation`;
  }, [title]);
}

/** A part of a page with a name. */
export function Panel({
  title,
  aside,
  children,
  flush,
}: {
  title: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
  flush?: boolean;
}): VNode {
  return (
    <section class={`panel${flush ? ' panel-flush' : ''}`}>
      <header class="panel-head">
        <h2>{title}</h2>
        {aside && <div class="row">{aside}</div>}
      </header>
      <div class="panel-body">{children}</div>
    </section>
  );
}

/** A surface without a name. */
export function Card({ children, flush }: { children: ComponentChildren; flush?: boolean }): VNode {
  return <div class={`card${flush ? '' : ' card-padded'}`}>{children}</div>;
}
