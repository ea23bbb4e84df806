import './switch.css';
import type { VNode } from 'preact';

interface SwitchProps {
  checked: boolean;
  /** Its name for who does not see the row: "Welcome web leads: active". */
  label: string;
  /** The words beside it. */
  words: string;
  onChange: (checked: boolean) => void;
  /** Why it cannot be switched. */
  blocked?: string | null;
}

/** Something that is on or off at once. */
export function Switch({ checked, label, words, onChange, blocked = null }: SwitchProps): VNode {
  return (
    <button
      type="button"
      role="switch"
      class="switch"
      aria-checked={checked}
      aria-label={label}
      aria-disabled={blocked !== null || undefined}
      title={blocked ?? undefined}
      onClick={() => {
        if (blocked === null) onChange(!checked);
      }}
    >
      <span class="switch-track" />
      <span class="switch-words" aria-hidden="true">
        {words}
      </span>
    </button>
  );
}
