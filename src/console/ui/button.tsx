import './button.css';
import type { ButtonHTMLAttributes, ComponentChildren, VNode } from 'preact';
import { Icon, type IconName } from './icon.js';

type ButtonProps = Omit<ButtonHTMLAttributes, 'type' | 'icon' | 'disabled'> & {
  kind?: 'primary' | 'quiet' | 'danger' | 'plain';
  icon?: IconName;
  type?: 'button' | 'submit';
  /** Why it cannot be pressed now: said in place of doing it. */
  blocked?: string | null;
  busy?: boolean;
  small?: boolean;
  children: ComponentChildren;
};

/** A button with words. One that is blocked stays where the keyboard finds it, and says why. */
export function Button({
  kind = 'plain',
  icon,
  type = 'button',
  blocked = null,
  busy = false,
  small,
  children,
  ...rest
}: ButtonProps): VNode {
  const cannot = blocked !== null || busy;
  return (
    <button
      {...rest}
      type={type}
      class={`button button-${kind}${small ? ' button-small' : ''}`}
      aria-disabled={cannot || undefined}
      aria-busy={busy || undefined}
      title={blocked ?? undefined}
      onClick={(event) => {
        if (!cannot) {
          rest.onClick?.(event);
          return;
        }
        event.preventDefault();
      }}
    >
      {icon && <Icon name={icon} />}
      {children}
      {blocked !== null && <span class="visually-hidden">: {blocked}</span>}
    </button>
  );
}

type IconButtonProps = Omit<ButtonHTMLAttributes, 'type' | 'icon'> & { icon: IconName; label: string };

/** A button without words to see; its name is for everybody who asks. */
export function IconButton({ icon, label, ...rest }: IconButtonProps): VNode {
  return (
    <button {...rest} type="button" class="icon-button" aria-label={label} title={label}>
      <Icon name={icon} />
    </button>
  );
}

/** A link that looks like a button. */
export function LinkButton({
  href,
  kind = 'plain',
  icon,
  children,
}: {
  href: string;
  kind?: 'primary' | 'plain';
  icon?: IconName;
  children: ComponentChildren;
}): VNode {
  return (
    <a class={`button button-${kind}`} href={href}>
      {icon && <Icon name={icon} />}
      {children}
    </a>
  );
}
