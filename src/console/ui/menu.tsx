import './menu.css';
import type { ButtonHTMLAttributes, ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from './icon.js';

/** One thing that a menu does, or leads to. */
export type MenuItem =
  | { label: string; icon?: IconName; danger?: boolean; blocked?: string | null; href: string; download?: string }
  | { label: string; icon?: IconName; danger?: boolean; blocked?: string | null; onSelect: () => void };

interface MenuButtonProps {
  /** What the menu is called, and the button where it has no words of its own: "Actions of Welcome web leads". */
  label: string;
  /** What is in it; a function is asked when it is opened. */
  items: readonly MenuItem[] | (() => readonly MenuItem[]);
  /** What is on the button. Default: three dots. */
  children?: ComponentChildren;
  class?: string;
}

/** A button that opens a menu. */
export function MenuButton({ label, items, children, class: look = 'icon-button' }: MenuButtonProps): VNode {
  const [opened, setOpened] = useState<OpenedMenu | null>(null);
  return (
    <span class="menu-place">
      <button
        type="button"
        class={look}
        aria-label={children === undefined ? label : undefined}
        aria-haspopup="menu"
        aria-expanded={false}
        title={children === undefined ? label : undefined}
        {...opensMenu(setOpened)}
      >
        {children ?? <Icon name="more" />}
      </button>
      {opened && <Menu {...opened} label={label} items={typeof items === 'function' ? items() : items} onClose={() => setOpened(null)} />}
    </span>
  );
}

/** Which button a menu was opened by, and which entry has the focus at first: the first or the last. */
export interface OpenedMenu {
  source: HTMLElement;
  at: 0 | -1;
}

/** Returns what a button listens to that opens a menu. */
export function opensMenu(
  open: (menu: OpenedMenu) => void,
): Required<Pick<ButtonHTMLAttributes<HTMLButtonElement>, 'onClick' | 'onKeyDown'>> {
  return {
    onClick: ({ currentTarget: source }) => open({ source, at: 0 }),
    onKeyDown: (event) => {
      if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
      event.preventDefault();
      open({ source: event.currentTarget, at: event.key === 'ArrowDown' ? 0 : -1 });
    },
  };
}

interface MenuProps extends OpenedMenu {
  label: string;
  items: readonly MenuItem[];
  onClose: () => void;
}

/** A menu that has been opened: arrows, Home, End and first letters in it; Escape and a click elsewhere close it. */
export function Menu({ source, at, label, items, onClose }: MenuProps): VNode {
  const menu = useRef<HTMLDivElement>(null);
  const entries = (): HTMLElement[] => [...(menu.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];

  useLayoutEffect(() => {
    const popover = menu.current;
    if (!popover) return;
    popover.showPopover({ source } as never);
    placeBelow(popover, source);
    source.setAttribute('aria-expanded', 'true');
    entries().at(at)?.focus();
    return () => source.setAttribute('aria-expanded', 'false');
  }, [source]);

  const close = (): void => menu.current?.hidePopover();

  const onKeyDown = (event: KeyboardEvent): void => {
    const all = entries();
    const to = targetOf(event.key, all.indexOf(document.activeElement as HTMLElement), all);
    if (event.key === 'Tab') close();
    if (to === null) return;
    event.preventDefault();
    all[to]?.focus();
  };

  return (
    <div
      ref={menu}
      role="menu"
      popover="auto"
      class="menu"
      tabIndex={-1}
      aria-label={label}
      onKeyDown={onKeyDown}
      onToggle={(event) => event.newState === 'closed' && onClose()}
    >
      {items.map((item) => (
        <Entry key={item.label} item={item} close={close} />
      ))}
    </div>
  );
}

function Entry({ item, close }: { item: MenuItem; close: () => void }): VNode {
  const { label, icon = 'right', danger, blocked = null } = item;
  const look = `menu-item${danger ? ' menu-danger' : ''}`;
  const words = (
    <>
      <Icon name={icon} />
      <span>
        {label}
        {blocked !== null && <small class="menu-blocked">{blocked}</small>}
      </span>
    </>
  );
  if ('href' in item && blocked === null) {
    return (
      <a role="menuitem" tabIndex={-1} class={look} href={item.href} download={item.download} onClick={close}>
        {words}
      </a>
    );
  }
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      class={look}
      aria-disabled={blocked !== null || undefined}
      onClick={() => {
        if (blocked !== null) return;
        close();
        if ('onSelect' in item) item.onSelect();
      }}
    >
      {words}
    </button>
  );
}

/** Where a key leads among entries; null when it leads nowhere. */
function targetOf(key: string, at: number, entries: readonly HTMLElement[]): number | null {
  const count = entries.length;
  switch (key) {
    case 'ArrowDown':
      return (at + 1) % count;
    case 'ArrowUp':
      return (at - 1 + count) % count;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
  }
  if (key.length !== 1 || key === ' ') return null;
  const order = [...entries.keys()].map((index) => (at + 1 + index) % count);
  return order.find((index) => entries[index]?.textContent?.trim().toLowerCase().startsWith(key.toLowerCase())) ?? null;
}

/** Where CSS cannot anchor yet, by hand: below what opened it, and inside the window. */
export function placeBelow(popover: HTMLElement, source: HTMLElement): void {
  if (CSS.supports('position-area', 'bottom')) return;
  const { left, bottom, top } = source.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = popover;
  popover.style.left = `${Math.max(4, Math.min(left, innerWidth - width - 4))}px`;
  popover.style.top = `${bottom + height + 4 > innerHeight ? Math.max(4, top - height - 4) : bottom + 4}px`;
}
