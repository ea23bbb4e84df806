import { IsString } from 'class-validator';
import { defineAction, type ExternalStep } from '../../../src/actions/define-action.js';
import { HostError } from '../../../src/core/errors.js';

/** A promise that a test settles when it wants to. */
export interface Later<T> {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** Makes a {@link Later}. */
export function later<T = void>(): Later<T> {
  let settle: Omit<Later<T>, 'promise'> = { resolve: () => undefined, reject: () => undefined };
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}

class Arguments {
  @IsString() to!: string;
}

/** The outside world behind an external action `call`: each call stays open until the test answers it. */
export class FarSide {
  /** Whom it was called for, in order. */
  readonly calls: string[] = [];
  /** The steps that called, in order. */
  readonly steps: ExternalStep[] = [];
  private readonly lines = new Map<string, { arrived: Later<void>; answer: Later<object> }>();

  readonly action = defineAction({
    type: 'call',
    label: 'Call',
    effect: 'external',
    arguments: Arguments,
    execute: async ({ to }, step) => {
      const { arrived, answer } = this.line(to);
      this.calls.push(to);
      this.steps.push(step);
      arrived.resolve();
      try {
        return (await answer.promise) as never;
      } finally {
        this.lines.delete(to);
      }
    },
  });

  /** Resolves when the call is open. */
  arrived(to: string): Promise<void> {
    return this.line(to).arrived.promise;
  }

  /** Answers the call that is open, or the next one. */
  answer(to: string, output: object = {}): void {
    this.line(to).answer.resolve(output);
  }

  /** Has the call fail; for a passing reason, unless told otherwise. */
  refuse(to: string, error: unknown = new HostError('busy', 'The far side is busy.', { retry: { kind: 'transient' } })): void {
    this.line(to).answer.reject(error);
  }

  private line(to: string) {
    const line = this.lines.get(to) ?? { arrived: later(), answer: later<object>() };
    // Whoever calls hears of a refusal; before that it is nobody's unhandled failure.
    line.answer.promise.catch(() => undefined);
    this.lines.set(to, line);
    return line;
  }
}

/** Steps that call the far side, under their own names, and that count in the record. */
export const call = (id: string, more: object = {}) => ({ id, type: 'call', with: { to: id }, ...more });
export const touch = (id: string) => ({ id, type: 'change_field', with: { field: 'touches', increment: 1 } });
