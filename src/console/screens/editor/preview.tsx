import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Explanation } from '../../../core/condition/explanation.js';
import type { Json, JsonObject } from '../../../core/json.js';
import { ApiError, call } from '../../api/client.js';
import { useMe } from '../../api/me.js';
import { useAsk } from '../../api/query.js';
import type { Catalog } from '../../model/catalog.js';
import { isComplete } from '../../model/condition-tree.js';
import { answerWords } from '../../model/explanation.js';
import { Combobox } from '../../ui/combobox.js';
import { Icon } from '../../ui/icon.js';

/** The record that previews are about. */
export interface PreviewRecord {
  id: string;
  title: string;
}

/** Chooses a record of the module: found by name where the CRM can search, else by its id. */
export function RecordPicker({
  module,
  record,
  onPick,
}: {
  module: string;
  record: PreviewRecord | null;
  onPick: (record: PreviewRecord | null) => void;
}): VNode {
  const canSearch = useMe().data?.features.lookUps.records ?? false;
  const [search, setSearch] = useState('');
  const found = useAsk<{ items: (PreviewRecord & { module: string })[] }>('records', {
    query: { module, search: search.trim(), limit: 20 },
    enabled: canSearch && search.trim() !== '',
  });
  const options = (found.data?.items ?? []).map(({ id, title }) => ({ value: id, label: title, hint: id }));
  const pick = (id: string): void => {
    const one = options.find(({ value }) => value === id);
    onPick(id === '' ? null : { id, title: one?.label ?? id });
  };
  return (
    <Combobox
      label="Record to check against"
      value={record?.id ?? ''}
      options={
        record && !options.some(({ value }) => value === record.id)
          ? [{ value: record.id, label: record.title, hint: record.id }, ...options]
          : options
      }
      free
      placeholder={canSearch ? 'Name or id of a record' : 'Id of a record'}
      onType={setSearch}
      onChange={pick}
    />
  );
}

const PAUSE_MS = 300;

/** What previews are about, and what is known of it. */
export interface Preview {
  record: PreviewRecord | null;
  pick: (record: PreviewRecord | null) => void;
  /** What the record says of the conditions. */
  explanation: Explanation | null;
  error: ApiError | null;
}

/** Returns the record that somebody chooses to check conditions against, and what it says of them. */
export function usePreview(module: string | null, conditions: Json | undefined, catalog: Catalog): Preview {
  const [record, pick] = useState<PreviewRecord | null>(null);
  // It belongs to the module.
  useEffect(() => pick(null), [module]);
  return { record, pick, ...useExplanation(module, conditions, record, catalog) };
}

/** What the record says of the conditions; asked a moment after each edit. */
function useExplanation(
  module: string | null,
  conditions: Json | undefined,
  record: PreviewRecord | null,
  catalog: Catalog,
): Pick<Preview, 'explanation' | 'error'> {
  const [answer, setAnswer] = useState<{ key: string; explanation: Explanation | null; error: ApiError | null } | null>(null);
  const isAsked = module !== null && record !== null && isComplete(conditions, catalog.operators);
  const key = !isAsked ? null : JSON.stringify([module, conditions, record.id]);
  useEffect(() => {
    if (key === null) {
      setAnswer(null);
      return;
    }
    const leaving = new AbortController();
    const timer = setTimeout(() => {
      const body: JsonObject = { module: module as string, conditions, subject: { recordId: record?.id } };
      call<{ explanation: Explanation }>('POST', 'conditions/evaluate', { body, signal: leaving.signal })
        .then(({ explanation }) => setAnswer({ key, explanation, error: null }))
        .catch((error: unknown) => {
          if (error instanceof ApiError) setAnswer({ key, explanation: null, error });
        });
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [key]);
  // An answer to other conditions has another shape: it is not shown beside these.
  return answer !== null && answer.key === key ? answer : { explanation: null, error: null };
}

/** Above the tree: which record it is checked against, and in one sentence whether that would be let through. */
export function PreviewLine({ preview: { record, pick, explanation, error }, module, catalog }: PreviewLineProps): VNode {
  return (
    <div class="preview">
      <div class="preview-picker">
        <span class="quiet">Checked against</span>
        <RecordPicker key={module} module={module} record={record} onPick={pick} />
      </div>
      {error !== null ? (
        <p class="preview-answer soft-neutral">
          <Icon name="info" />
          {error.message}
        </p>
      ) : (
        explanation !== null && (
          <p class={`preview-answer ${explanation.result ? 'soft-ok tone-ok' : 'soft-bad tone-bad'}`}>
            <Icon name={explanation.result ? 'check' : 'cross'} />
            {answerWords(explanation, module, catalog)}
          </p>
        )
      )}
    </div>
  );
}

interface PreviewLineProps {
  preview: Preview;
  module: string;
  catalog: Catalog;
}
