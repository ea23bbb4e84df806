import { createHash } from 'node:crypto';
import type { LinkedApproval } from '../../admin/approval-by-link.js';
import type { Json } from '../../core/json.js';
import { pageNonce } from '../../engine/people/approval-links.js';

/** A page for people's browsers. */
export interface Page {
  status: number;
  html: string;
}

const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:36rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem;line-height:1.3}dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}dt{opacity:.75}dd{margin:0;overflow-wrap:anywhere}
p{white-space:pre-wrap;overflow-wrap:anywhere}label{display:block;margin-top:1rem}textarea{box-sizing:border-box;width:100%;min-height:5rem;font:inherit}
button{font:inherit;padding:.6rem 1.2rem;margin:1rem .75rem 0 0;cursor:pointer}:focus-visible{outline:3px solid Highlight;outline-offset:2px}`;

/** The longest comment, in characters. */
export const LONGEST_COMMENT = 2_000;
const LONGEST_VALUE = 500;

/**
 * What goes with each page. Nothing is loaded, run, framed or kept, and where a link on it leads is not told whence one came:
 * the address of the page is the right to decide.
 */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'X-Robots-Tag': 'noindex, nofollow',
};

/** The page on which one person answers an approval. `problem`: what was wrong with what it sent before. */
export function approvalPage(token: string, approval: LinkedApproval, problem: string | null = null, comment = ''): Page {
  const { task, purpose, person } = approval;
  const facts: [string, string][] = [
    ...(task.record ? [['Record', task.record.title] as [string, string]] : []),
    ...task.shown.map(({ label, value }): [string, string] => [label, shownText(value)]),
    ...(task.workflow.name === null ? [] : [['Asked by', task.workflow.name] as [string, string]]),
    ...(task.dueAt === null ? [] : [['Due', moment(task.dueAt)] as [string, string]]),
    ...(task.votes !== null && task.votes.needed !== null
      ? [['So far', `${task.votes.approved} of the ${task.votes.needed} who have to agree`] as [string, string]]
      : []),
    ['You are', person.name],
  ];
  const reason = task.reasonRequired && purpose !== 'approve' ? ' (needed for a no)' : '';
  return page(
    problem === null ? 200 : 400,
    task.title,
    `<h1>${text(task.title)}</h1>
${problem === null ? '' : `<p role="alert"><strong>${text(problem)}</strong></p>`}
${task.message === null ? '' : `<p>${text(task.message)}</p>`}
<dl>${facts.map(([name, value]) => `<dt>${text(name)}</dt><dd>${text(value)}</dd>`).join('')}</dl>
<form method="post" accept-charset="utf-8">
<input type="hidden" name="nonce" value="${text(pageNonce(token))}">
<label for="comment">Comment${reason}</label>
<textarea id="comment" name="comment" maxlength="${LONGEST_COMMENT}">${text(comment)}</textarea>
${purpose === 'reject' ? '' : '<button name="decision" value="approved">Approve</button>'}${purpose === 'approve' ? '' : '<button name="decision" value="rejected">Reject</button>'}
</form>`,
  );
}

/** A page that only says something. */
export function messagePage(status: number, title: string, message: string): Page {
  return page(status, title, `<h1>${text(title)}</h1><p>${text(message)}</p>`);
}

function page(status: number, title: string, body: string): Page {
  return {
    status,
    html: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)}</title><style>${STYLE}</style></head>
<body><main>
${body}
</main></body></html>
`,
  };
}

/** Everything on a page is text: what stands in a record is data. */
function text(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function shownText(value: Json): string {
  if (value === null) return '–';
  const shown = typeof value === 'string' ? value : JSON.stringify(value);
  return shown.length > LONGEST_VALUE ? `${shown.slice(0, LONGEST_VALUE)}…` : shown;
}

function moment(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`;
}
