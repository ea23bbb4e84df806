import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { JsonObject } from '../../../../core/json.js';
import { ApiError, call } from '../../../api/client.js';
import { isObject } from '../../../model/catalog.js';
import { getAt, type Place } from '../../../model/json-path.js';
import { hasExpression } from '../../../model/schema-form.js';
import { Dialog } from '../../../ui/dialog.js';
import { ErrorPanel, Skeleton } from '../../../ui/states.js';
import { MailView } from '../../mail/mail-view.js';
import { useEditing } from '../editing.js';

interface Mail {
  subject?: string;
  html: string;
  text: string;
}

interface MailPreviewProps {
  template: string;
  /** Where the template is named: the arguments beside it say what else it is filled with. */
  place: Place;
  onClose: () => void;
}

/** A mail as its template makes it, for the record of the preview or a sample. */
export function MailPreview({ template, place, onClose }: MailPreviewProps): VNode {
  const { definition, module, subject, subjectTitle } = useEditing();
  const [answer, setAnswer] = useState<Mail | ApiError | null>(null);
  useEffect(() => {
    const leaving = new AbortController();
    const given = getAt(definition, [...place.slice(0, -1), 'data']);
    // What steps before have left is not known here.
    const data = isObject(given) ? Object.fromEntries(Object.entries(given).filter(([, value]) => !hasExpression(value))) : {};
    const body: JsonObject = { data, ...(module !== null && { module }), ...(subject !== null && { subject }) };
    call<Mail>('POST', `mail-templates/${encodeURIComponent(template)}/preview`, { body, signal: leaving.signal })
      .then(setAnswer)
      .catch((error: unknown) => {
        if (error instanceof ApiError) setAnswer(error);
      });
    return () => leaving.abort();
  }, [template]);
  return (
    <Dialog title={`The mail “${template}”`} wide onClose={onClose}>
      <p class="quiet">{subject === null ? 'As it is for a sample.' : `As ${subjectTitle ?? 'the record'} gets it.`} Nothing is sent.</p>
      {answer === null ? (
        <Skeleton what="the mail" rows={4} />
      ) : answer instanceof ApiError ? (
        <ErrorPanel error={answer.body} />
      ) : (
        <MailView subject={answer.subject ?? null} text={answer.text} html={answer.html} />
      )}
    </Dialog>
  );
}
