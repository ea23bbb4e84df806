import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Json, JsonObject } from '../../../core/json.js';
import { ApiError, call } from '../../api/client.js';
import { hasExpression } from '../../model/schema-form.js';
import { shortened, valueWords } from '../../model/words.js';
import { useEditing } from './editing.js';

interface Rendering {
  value: Json;
  problem: { message: string } | null;
}

const PAUSE_MS = 400;
const LONGEST = 200;
/** What is there in a run alone. */
const OF_THE_RUN = /\{\{[^}]*\b(steps\.|item\b|index\b|context\.)/;

/** What a text with variables becomes for the record of the preview, or for a sample; nothing for a text without any. */
export function Rendered({ text, isHtml }: { text: string; isHtml: boolean }): VNode | null {
  const { subject, subjectTitle = null, module } = useEditing();
  const [answer, setAnswer] = useState<Rendering | null>(null);
  const isAsked = hasExpression(text) && !OF_THE_RUN.test(text) && isClosed(text);
  const key = isAsked ? JSON.stringify([text, subject, isHtml]) : null;
  useEffect(() => {
    setAnswer(null);
    if (key === null) return;
    const leaving = new AbortController();
    const timer = setTimeout(() => {
      const body: JsonObject = {
        text,
        ...(module !== null && { module }),
        ...(subject !== null && { subject }),
        ...(isHtml && { escape: 'html' }),
      };
      call<Rendering>('POST', 'templates/render', { body, signal: leaving.signal })
        .then(setAnswer)
        .catch((error: unknown) => {
          if (error instanceof ApiError) setAnswer({ value: null, problem: { message: error.message } });
        });
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [key]);
  if (answer === null) return null;
  if (answer.problem !== null) return <small class="rendered rendered-problem">{answer.problem.message}</small>;
  const { value } = answer;
  const kind = kindWords(value);
  return (
    <small class="rendered">
      <span class="quiet">{subject === null ? 'For example' : `${subjectTitle ?? 'This record'} gets`}:</span>{' '}
      <strong>{typeof value === 'string' && value !== '' ? shortened(value, LONGEST) : valueWords(value)}</strong>
      {kind !== null && <span class="quiet"> ({kind})</span>}
    </small>
  );
}

/** While an expression is being typed there is nothing to ask. */
function isClosed(text: string): boolean {
  return text.split('{{').length === text.split('}}').length;
}

/** One expression alone keeps the type of its value. */
function kindWords(value: Json): string | null {
  if (typeof value === 'number') return 'a number';
  if (typeof value === 'boolean') return 'yes or no';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : null;
}
