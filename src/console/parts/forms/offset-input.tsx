import type { VNode } from 'preact';
import { DURATION_UNITS, type DurationUnit, durationOf, durationParts } from '../../model/time.js';
import { Select } from '../../ui/field.js';

interface OffsetProps {
  id?: string;
  /** The name of the count, where no label stands before it. */
  label?: string;
  /** An ISO 8601 duration; with a minus, before. */
  value: string;
  onChange: (value: string) => void;
  /** How the two sides are called. */
  sides: readonly [before: string, after: string];
  'aria-describedby'?: string | undefined;
  'aria-invalid'?: true | undefined;
  'data-path'?: string;
}

const UNITS = DURATION_UNITS.filter((unit) => unit !== 'second').map((unit) => ({ value: unit, label: `${unit}s` }));

/** How far before or after a moment: a count, a unit and a side. */
export function OffsetInput({ label, value, onChange, sides: [before, after], ...rest }: OffsetProps): VNode {
  const duration = durationParts(value);
  const [part = { count: 0, unit: 'day' as DurationUnit }] = duration?.parts ?? [];
  const isBefore = duration?.isNegative ?? false;
  // What is no time away is on neither side.
  const put = (count: number, unit: DurationUnit, negative: boolean): void => onChange(durationOf(count, unit, negative && count > 0));
  return (
    <span class="condition-parts">
      <input
        {...rest}
        type="number"
        class="input numbers"
        min={0}
        aria-label={label}
        value={part.count}
        onInput={(event) => {
          const count = event.currentTarget.valueAsNumber;
          if (Number.isInteger(count) && count >= 0) put(count, part.unit, isBefore);
        }}
      />
      <Select label="Unit" value={part.unit} options={UNITS} onChange={(unit) => put(part.count, unit as DurationUnit, isBefore)} />
      <Select
        label={`${before} or ${after}`}
        value={isBefore ? before : after}
        options={[before, after].map((side) => ({ value: side, label: side }))}
        onChange={(side) => put(Math.max(1, part.count), part.unit, side === before)}
      />
    </span>
  );
}
