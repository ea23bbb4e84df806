import type { VNode } from 'preact';
import { Choices } from '../../ui/field.js';

/** From where, and on which version, runs are retried. */
export type RetryWay = 'failed_step' | 'start_same' | 'start_newest';

/** Returns a way as the API takes it. */
export function commandOf(way: RetryWay): { from: string; version?: string } {
  return way === 'failed_step' ? { from: way } : { from: 'start', version: way === 'start_same' ? 'same' : 'newest' };
}

interface RetryWayChoiceProps {
  value: RetryWay;
  onChange: (way: RetryWay) => void;
  hints: Readonly<Record<RetryWay, string>>;
  /** Why it cannot go on at the failed step. */
  blocked?: string | null;
}

/** The choice of where to begin again. */
export function RetryWayChoice({ value, onChange, hints, blocked = null }: RetryWayChoiceProps): VNode {
  return (
    <Choices<RetryWay>
      legend="From where"
      value={value}
      onChange={onChange}
      options={[
        { value: 'failed_step', label: 'From the failed step', hint: hints.failed_step, blocked },
        { value: 'start_same', label: 'From the start, same version', hint: hints.start_same },
        { value: 'start_newest', label: 'From the start, newest version', hint: hints.start_newest },
      ]}
    />
  );
}
