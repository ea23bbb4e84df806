import type { VNode } from 'preact';
import { nameWords } from '../../../model/words.js';
import { SelectBox } from '../../../ui/field.js';
import type { ControlProps } from './control.js';

/** One of a few values; what counts where none is chosen stands first. */
export function ChoiceSelect({ options, field, value, path, onChange, ...told }: ControlProps & { options: readonly string[] }): VNode {
  const chosen = typeof value === 'string' ? value : '';
  const preset = typeof field.preset === 'string' ? field.preset : null;
  return (
    <SelectBox {...told} data-path={path} value={chosen} onChange={(next) => onChange(next === '' ? undefined : next)}>
      {!(field.isRequired && chosen !== '') && (
        <option value="">{preset === null ? 'Not chosen' : `${nameWords(preset)} (default)`}</option>
      )}
      {options
        .filter((option) => option !== preset || chosen === preset)
        .map((option) => (
          <option key={option} value={option}>
            {nameWords(option)}
          </option>
        ))}
    </SelectBox>
  );
}
