import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Json } from '../../../../core/json.js';
import { useAsk } from '../../../api/query.js';
import { isObject } from '../../../model/catalog.js';
import { secretOf } from '../../../model/schema-form.js';
import { dayTime } from '../../../model/time.js';
import { Button } from '../../../ui/button.js';
import { SelectBox } from '../../../ui/field.js';
import { useZone } from '../../../ui/time.js';
import type { Told } from './control.js';

/** What the API shows in place of a secret; sent back it means: as it was. */
const MASK = '••••••';

interface Secret {
  name: string;
  changedAt: string;
}

interface SecretInputProps {
  /** Its name: "Secret", "Value of Authorization". */
  label: string;
  value: Json | undefined;
  onChange: (value: Json | undefined) => void;
  /** How another one is written, where it need not be one of the workspace's. */
  children?: ((text: string) => VNode) | undefined;
  /** What the choice is told by the field around it, where it is all there is. */
  told?: (Told & { 'data-path': string }) | undefined;
}

/** A secret is never put into a field: it is kept, replaced or taken away. The workspace's own are named, and kept elsewhere. */
export function SecretInput({ label, value, onChange, children, told }: SecretInputProps): VNode {
  const name = secretOf(value);
  const [isReplacing, setReplacing] = useState(false);
  const secrets = useAsk<{ items: Secret[] }>('secrets', { fresh: 60_000 }).data?.items ?? [];
  if (!isReplacing && (name !== null || value === MASK)) {
    return (
      <span class="row">
        <Kept name={name} since={secrets.find((secret) => secret.name === name)?.changedAt ?? null} />
        <Button small onClick={() => setReplacing(true)}>
          Replace<span class="visually-hidden"> {label}</span>
        </Button>
        <Button small kind="quiet" onClick={() => onChange(undefined)}>
          Remove<span class="visually-hidden"> {label}</span>
        </Button>
      </span>
    );
  }
  const put = (next: Json | undefined): void => {
    if (secretOf(next) !== null) setReplacing(false);
    onChange(next);
  };
  return (
    <span class="secret">
      {(secrets.length > 0 || told) && (
        <SelectBox
          {...told}
          aria-label={`${label}: a secret of the workspace`}
          value={name ?? ''}
          onChange={(chosen) => put(chosen === '' ? undefined : { ...(isObject(value) && value), $secret: chosen })}
        >
          <option value="">{secrets.length > 0 ? 'A secret of the workspace …' : 'The workspace has no secrets'}</option>
          {secrets.map((secret) => (
            <option key={secret.name}>{secret.name}</option>
          ))}
        </SelectBox>
      )}
      {children?.(typeof value === 'string' && value !== MASK ? value : '')}
    </span>
  );
}

function Kept({ name, since }: { name: string | null; since: string | null }): VNode {
  const zone = useZone();
  if (name === null) return <span>Kept, and never shown</span>;
  return (
    <span>
      <strong>{name}</strong>
      {since !== null && <span class="quiet"> · kept since {dayTime(new Date(since), zone)}</span>}
    </span>
  );
}
