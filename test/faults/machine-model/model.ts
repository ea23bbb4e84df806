/** What may come to an instance of {@link MACHINE}. */
export type ModelEvent = { type: 'updated'; source: string } | { type: 'manual'; transition: string } | { type: 'timeout'; entry: number };

/** The machine of the model: steps that wait, that fail, that end at once, and none; a timeout, and what a person fires. */
export const MACHINE = {
  start: { trigger: { type: 'event', module: 'leads', event: 'created' } },
  states: [
    { code: 'NEW', initial: true, timeout: { after: 'PT48H', transition: 'escalate' } },
    { code: 'OPEN' },
    { code: 'ESCALATED' },
    { code: 'DONE', final: true },
  ],
  transitions: [
    on('open', ['NEW', 'ESCALATED'], 'OPEN', 'Open', [{ id: 'cool', type: 'delay', for: 'P9D' }, task('opened')]),
    on('fail', ['NEW'], 'OPEN', 'Fail', [task('tried'), { id: 'fail', type: 'move_stage', with: { stage: '{{record.source}}' } }]),
    on('skip', ['NEW'], 'DONE', 'Skip', []),
    on('close', 'any', 'DONE', 'Close', [task('closed')]),
    { code: 'back', from: ['OPEN'], to: 'NEW', trigger: { type: 'manual' }, steps: [] },
    { code: 'escalate', from: ['NEW'], to: 'ESCALATED', trigger: { type: 'timeout' }, steps: [] },
  ],
};

/** What sets off which transition. */
const BY_SOURCE: Record<string, { transition: string; from: string[]; to: string; steps: 'wait' | 'fail' | 'task' | 'none' }> = {
  Open: { transition: 'open', from: ['NEW', 'ESCALATED'], to: 'OPEN', steps: 'wait' },
  Fail: { transition: 'fail', from: ['NEW'], to: 'OPEN', steps: 'fail' },
  Skip: { transition: 'skip', from: ['NEW'], to: 'DONE', steps: 'none' },
  Close: { transition: 'close', from: ['NEW', 'OPEN', 'ESCALATED'], to: 'DONE', steps: 'task' },
};
export const SOURCES = [...Object.keys(BY_SOURCE), 'Web Form'];

function on(code: string, from: string[] | 'any', to: string, source: string, steps: object[]) {
  const trigger = { type: 'event', module: 'leads', event: 'updated' };
  return { code, from, to, trigger, conditions: { field: 'source', operator: 'equals', value: source }, steps };
}

function task(id: string) {
  return { id, type: 'create_task', with: { title: id } };
}

/** One instance as it should be: everything one after the other, nothing that dies. */
export class ModelInstance {
  state = 'NEW';
  entry = 1;
  /** Is its timeout still to come? */
  isTimed = true;
  isDue = false;
  /** Under way; where its run stands beside its wait, if it has one. */
  under: { source: string; wait: 'ahead' | 'begun' | 'over' } | null = null;
  failed: string | null = null;
  /** Did its timeout come while the machine was disabled? */
  private hasMissed = false;
  /** Tasks that steps have made. */
  tasks = 0;
  /** Transitions that fired, failed or were cancelled, and resets. */
  readonly history: string[] = [];
  private readonly queue: ModelEvent[] = [];
  private readonly deferred: ModelEvent[] = [];

  /** Something is captured. */
  capture(event: ModelEvent): void {
    this.queue.push(event);
  }

  /** All waits and timeouts are over. */
  passTime(): void {
    if (this.under?.wait === 'begun') this.under.wait = 'over';
    if (this.isTimed) this.isDue = true;
  }

  /** Everything that there is to do is done; while its machine is disabled, that is what has begun. */
  work(isEnabled: boolean): void {
    if (this.isDue) this.queue.push({ type: 'timeout', entry: this.entry });
    if (this.isDue) this.isTimed = false;
    this.isDue = false;
    for (;;) {
      for (let event = this.queue.shift(); event; event = this.queue.shift()) this.take(event, isEnabled);
      if (!this.under || !this.goOn(this.under)) return;
    }
  }

  cancel(): void {
    if (this.under) this.fail('cancelled', this.under.source);
  }

  /** The run of what failed begins again. */
  retry(): void {
    if (this.failed === null) return;
    this.under = { source: this.failed, wait: 'ahead' };
    this.failed = null;
  }

  /** A person puts it there. */
  reset(to: string): void {
    this.cancel();
    this.history.push(`reset ${this.state} -> ${to}`);
    this.enter(to);
  }

  /** The machine is enabled again: timeouts that came due meanwhile fire, or begin anew. */
  enabled(missed: 'fire' | 'restart'): void {
    const isMissed = this.hasMissed || (missed === 'restart' && this.isDue);
    this.hasMissed = false;
    if (!isMissed) return;
    this.isTimed = true;
    this.isDue = missed === 'fire';
  }

  private take(event: ModelEvent, isEnabled: boolean): void {
    if (event.type === 'timeout' && event.entry !== this.entry) return;
    if (!isEnabled) {
      if (event.type === 'timeout') this.hasMissed = true;
    } else if (this.under) {
      this.deferred.push(event);
    } else if (event.type === 'timeout') {
      if (this.state === 'NEW') this.move('escalate', 'ESCALATED');
    } else if (event.type === 'manual') {
      if (this.state === 'OPEN') this.move(event.transition, 'NEW');
    } else {
      const wanted = BY_SOURCE[event.source];
      if (!wanted?.from.includes(this.state)) return;
      if (wanted.steps === 'none') this.move(wanted.transition, wanted.to);
      else {
        this.failed = null;
        this.under = { source: event.source, wait: 'ahead' };
      }
    }
  }

  /** Whether the transition under way has come to its end. */
  private goOn(under: NonNullable<ModelInstance['under']>): boolean {
    const { source } = under;
    const { transition, to, steps } = BY_SOURCE[source] as (typeof BY_SOURCE)[string];
    if (steps === 'wait' && under.wait !== 'over') {
      under.wait = 'begun';
      return false;
    }
    this.tasks += 1;
    if (steps === 'fail') this.fail('failed', source);
    else this.move(transition, to);
    return true;
  }

  private fail(how: string, source: string): void {
    this.history.push(`${how} ${BY_SOURCE[source]?.transition}`);
    this.failed = source;
    this.rest();
  }

  private move(transition: string, to: string): void {
    this.history.push(`fired ${transition} ${this.state} -> ${to}`);
    this.enter(to);
  }

  private enter(state: string): void {
    this.state = state;
    this.entry += 1;
    this.isTimed = state === 'NEW';
    this.isDue = false;
    this.hasMissed = false;
    this.failed = null;
    this.rest();
  }

  private rest(): void {
    this.under = null;
    this.queue.push(...this.deferred.splice(0));
  }
}
