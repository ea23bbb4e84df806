import './live.css';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { IconButton } from './button.js';
import { Icon } from './icon.js';
import { createStore, useStore } from './store.js';

interface ToastContent {
  id: number;
  tone: 'ok' | 'bad';
  message: string;
  /** What the message leaves out: hint and code of an error. */
  detail?: string;
  action?: { label: string; run: () => void };
}

const spoken = createStore('');
const toasts = createStore<readonly ToastContent[]>([]);
const LASTS_MS = 8_000;
let last = 0;

/** Says something to who does not see what has changed. */
export function announce(message: string): void {
  // The same text twice would not be read twice.
  spoken.set(spoken.get() === message ? `${message}\u00a0` : message);
}

/** Says how something went. Errors stay until they are read. */
export function toast(message: string, options: Omit<ToastContent, 'id' | 'message' | 'tone'> = {}): void {
  add({ id: ++last, tone: 'ok', message, ...options });
}

/** Says that something did not work, and why. */
export function toastError(message: string, error: unknown): void {
  add({ id: ++last, tone: 'bad', message, detail: whyOf(error) });
}

/** Returns what is to be told of an error: message, hint and code. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { hint, code } = ((error as { body?: { hint?: string; code?: string } }).body ?? {}) as { hint?: string; code?: string };
  return [error.message, hint, code && `(${code})`].filter(Boolean).join(' ');
}

function add(content: ToastContent): void {
  toasts.set([...toasts.get().slice(-3), content]);
  announce([content.message, content.detail].filter(Boolean).join(' '));
}

function dismiss(id: number): void {
  toasts.set(toasts.get().filter((one) => one.id !== id));
}

/** Where toasts appear and announcements are read out. Once on a page. */
export function LiveRegion(): VNode {
  return (
    <>
      <output class="visually-hidden" aria-live="polite">
        {useStore(spoken)}
      </output>
      <section class="toasts" aria-label="Messages">
        {useStore(toasts).map((content) => (
          <Toast key={content.id} content={content} />
        ))}
      </section>
    </>
  );
}

function Toast({ content: { id, tone, message, detail, action } }: { content: ToastContent }): VNode {
  useEffect(() => {
    if (tone === 'bad') return;
    const timer = setTimeout(() => dismiss(id), LASTS_MS);
    return () => clearTimeout(timer);
  }, [id, tone]);
  return (
    <div class={`toast toast-${tone}`}>
      <span class={`tone-${tone}`}>
        <Icon name={tone === 'ok' ? 'check' : 'warning'} />
      </span>
      <div class="toast-words">
        <strong>{message}</strong>
        {detail && <span class="toast-detail">{detail}</span>}
      </div>
      {action && (
        <button
          type="button"
          class="button button-quiet button-small"
          onClick={() => {
            dismiss(id);
            action.run();
          }}
        >
          {action.label}
        </button>
      )}
      <IconButton icon="cross" label="Dismiss" onClick={() => dismiss(id)} />
    </div>
  );
}
