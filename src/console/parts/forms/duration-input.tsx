import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { DURATION_UNITS, type DurationUnit, durationOf, durationParts } from '../../model/time.js';
import { Select } from '../../ui/field.js';

interface DurationProps {
  id: string;
  label: string;
  value: string;
  onChange: (value: string | undefined) => void;
  'aria-describedby'?: string | undefined;
  'aria-invalid'?: true | undefined;
  'data-path'?: string;
}

/** A length of time: a number and a unit; one of several units as it is written. */
export function DurationInput({ id, label, value, onChange, ...rest }: DurationProps): VNode {
  const known = durationParts(value);
  const isPlain = value === '' || (known !== null && known.parts.length <= 1);
  const part = known?.parts[0];
  // A unit that was chosen before there is a number.
  const [unit, setUnit] = useState<DurationUnit>(part?.unit ?? 'hour');
  if (!isPlain) {
    return (
      <input
        {...rest}
        id={id}
        type="text"
        class="input mono"
        value={value}
        onInput={(event) => onChange(event.currentTarget.value || undefined)}
      />
    );
  }
  const shown = part?.unit ?? unit;
  return (
    <span class="duration">
      <input
        {...rest}
        id={id}
        type="number"
        class="input numbers"
        min={0}
        step={1}
        value={part?.count ?? (value === '' ? '' : 0)}
        onInput={(event) => {
          const count = event.currentTarget.valueAsNumber;
          onChange(Number.isInteger(count) && count >= 0 ? durationOf(count, shown) : undefined);
        }}
      />
      <Select
        label={`Unit of ${label}`}
        value={shown}
        options={DURATION_UNITS.map((one) => ({ value: one, label: `${one}s` }))}
        onChange={(chosen) => {
          setUnit(chosen as DurationUnit);
          if (part) onChange(durationOf(part.count, chosen as DurationUnit));
        }}
      />
    </span>
  );
}
