import './navigation.css';
import type { VNode } from 'preact';
import { hasToken, keepToken } from '../api/client.js';
import type { Me } from '../api/types.js';
import { screensFor } from '../screens/index.js';
import { Icon } from '../ui/icon.js';
import { home, usePlace } from '../ui/location.js';
import { MenuButton, type MenuItem } from '../ui/menu.js';
import { density, theme } from '../ui/preferences.js';
import { useStore } from '../ui/store.js';

/** The way to the screens that the reader may open, and what they choose for themselves. */
export function Navigation({ me }: { me: Me }): VNode {
  const { segments } = usePlace();
  return (
    <header class="side">
      <div class="side-brand">
        <Logo />
        <span>Automation</span>
      </div>
      <nav aria-label="Main" class="side-nav">
        <ul>
          {screensFor(me.permissions).map(({ path, label, icon, badge: Badge, also }) => (
            <li key={path}>
              <a
                class="side-link"
                href={path === '' ? home : path}
                aria-current={[path, also].includes(segments[0] ?? '') ? 'page' : undefined}
              >
                <Icon name={icon} />
                <span>{label}</span>
                {Badge && <Badge />}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <Personal me={me} />
    </header>
  );
}

/** Who is signed in, and how they like the page. */
function Personal({ me }: { me: Me }): VNode {
  const [look, rows] = [useStore(theme), useStore(density)];
  const items: MenuItem[] = [
    ...(['system', 'light', 'dark'] as const).map((value): MenuItem => {
      const label = { system: 'As the system', light: 'Light', dark: 'Dark' }[value];
      return { label, icon: value === look ? 'check' : 'sun', onSelect: () => theme.set(value) };
    }),
    rows === 'compact'
      ? { label: 'Rows with more space', icon: 'lines', onSelect: () => density.set('comfortable') }
      : { label: 'Rows with less space', icon: 'lines', onSelect: () => density.set('compact') },
    ...(hasToken() ? [{ label: 'Sign out', icon: 'external' as const, onSelect: signOut }] : []),
  ];
  return (
    <div class="side-personal">
      <MenuButton label="Settings" items={items} class="side-person">
        <span class="side-avatar" aria-hidden="true">
          {initialsOf(me.user.name)}
        </span>
        <span class="side-names">
          <b>{me.user.name}</b>
          <small>{me.workspaceId}</small>
        </span>
        <span class="visually-hidden">: settings</span>
      </MenuButton>
    </div>
  );
}

function signOut(): void {
  keepToken(null);
  location.reload();
}

function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== '');
  return [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => Array.from(word ?? '')[0] ?? '').join('');
}

function Logo(): VNode {
  return (
    <svg class="side-logo" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <rect width="24" height="24" rx="6" />
      <path d="M7 7.5h4.5a2 2 0 0 1 2 2v5a2 2 0 0 0 2 2H17" />
      <circle cx="7" cy="7.5" r="2" />
      <circle cx="17" cy="16.5" r="2" />
    </svg>
  );
}
