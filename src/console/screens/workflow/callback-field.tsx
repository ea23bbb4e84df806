import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Json } from '../../../core/json.js';
import { useAsk } from '../../api/query.js';
import { isObject } from '../../model/catalog.js';
import { useEditing, useValue } from '../../parts/forms/editing.js';
import { Combobox } from '../../ui/combobox.js';
import { Field } from '../../ui/field.js';

/** Who is told how a run has ended: an address, and the secret of the workspace that signs the call. */
export function CallbackField({ name, legend }: { name: 'onSuccess' | 'onFailure'; legend: string }): VNode {
  const { set, isReadOnly } = useEditing();
  const place = ['settings', name];
  const { value, problem, path } = useValue(place, true);
  const url = typeof value === 'string' ? value : isObject(value) ? String(value.url ?? '') : '';
  const stored = isObject(value) && isObject(value.secret) ? String(value.secret.$secret ?? '') : '';
  // Another address is typed over the one before: empty on the way, it is still signed as it was.
  const [kept, keep] = useState(stored);
  const secret = url === '' ? kept : stored;
  const secrets = useAsk<{ items: { name: string }[] }>('secrets', { enabled: url !== '' && !isReadOnly, fresh: 60_000 });
  const change = (nextUrl: string, nextSecret: string): void => {
    keep(nextSecret);
    set(place, callbackOf(nextUrl, nextSecret));
  };
  if (isReadOnly) {
    return (
      <div class="field">
        <b>{legend}</b>
        <p class="read-only">{url === '' ? <span class="quiet">Nobody</span> : url}</p>
      </div>
    );
  }
  return (
    <fieldset class="form">
      <legend class="visually-hidden">{legend}</legend>
      <Field label={legend} problem={problem} hint="A POST of how it ended, tried again until it is taken.">
        {(told) => (
          <input
            {...told}
            type="url"
            class="input"
            data-path={path}
            placeholder="https://ops.example.com/runs"
            value={url}
            onInput={(event) => change(event.currentTarget.value.trim(), secret)}
          />
        )}
      </Field>
      {url !== '' && (
        <Field label="Signed with (optional)" hint="A secret of the workspace: the receiver knows by it who calls.">
          {(told) => (
            <Combobox
              {...told}
              value={secret}
              options={(secrets.data?.items ?? []).map((one) => ({ value: one.name, label: one.name }))}
              free
              placeholder="Not signed"
              onChange={(next) => change(url, next)}
            />
          )}
        </Field>
      )}
    </fieldset>
  );
}

function callbackOf(url: string, secret: string): Json | undefined {
  if (url === '') return undefined;
  return secret === '' ? url : { url, secret: { $secret: secret } };
}
