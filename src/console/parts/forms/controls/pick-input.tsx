import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { textsOf } from '../../../model/catalog.js';
import type { Place } from '../../../model/json-path.js';
import { type FormField, hasExpression, type Pick } from '../../../model/schema-form.js';
import { Button } from '../../../ui/button.js';
import { Combobox } from '../../../ui/combobox.js';
import { Texts } from '../lists.js';
import { useChoices } from './choices.js';
import type { ControlProps } from './control.js';
import { MailPreview } from './mail-preview.js';

type PickProps = ControlProps & { field: FormField & { pick: Pick }; place: Place };

/** Something that is chosen by name among what there is; what is not among it can be typed. */
export function PickInput({ field, place, value, path, onChange, ...told }: PickProps): VNode {
  const text = typeof value === 'string' ? value : '';
  const { options, onType } = useChoices(field, place, text === '' ? [] : [text]);
  const [isShown, setShown] = useState(false);
  return (
    <>
      <Combobox
        {...told}
        value={text}
        options={options}
        free
        placeholder={field.example ?? undefined}
        data-path={path}
        onType={onType}
        onChange={(next) => onChange(next === '' ? undefined : next)}
      />
      {field.pick === 'mail-template' && options.some((option) => option.value === text) && (
        <span>
          <Button small kind="quiet" onClick={() => setShown(true)}>
            Show this mail
          </Button>
        </span>
      )}
      {isShown && <MailPreview template={text} place={place} onClose={() => setShown(false)} />}
    </>
  );
}

/** Several of them, each a chip. */
export function PickTexts({ field, place, value, path, onChange, ...told }: PickProps): VNode {
  const chosen = textsOf(value).filter((text) => !hasExpression(text));
  const { options, onType } = useChoices(field, place, chosen);
  return <Texts {...told} value={value} path={path} suggestions={options} isChoice onType={onType} onChange={onChange} />;
}
