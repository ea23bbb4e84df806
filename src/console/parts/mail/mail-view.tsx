import './mail-view.css';
import type { VNode } from 'preact';
import { Disclosure } from '../../ui/disclosure.js';

interface MailViewProps {
  /** Null where whoever sends it has to give one. */
  subject: string | null;
  text: string;
  html: string | null;
  to?: string;
}

/** A mail as it will look, and the source of its HTML: nothing of it is loaded or run, so no picture of it can tell who has looked. */
export function MailView({ subject, text, html, to }: MailViewProps): VNode {
  return (
    <div class="mail">
      <p class="mail-subject">{subject ?? <span class="quiet">No subject of its own</span>}</p>
      {to !== undefined && <p class="quiet">To {to}</p>}
      <pre class="mail-text">{text}</pre>
      {html !== null && (
        <Disclosure summary="HTML source">
          <pre class="code">{html}</pre>
        </Disclosure>
      )}
    </div>
  );
}
