import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { WorkflowDefinition } from '../../../src/core/definition/types.js';
import type { Json } from '../../../src/core/json.js';
import type { RunHistory, StepExecution } from '../../../src/core/plan/history.js';
import { indexHistory } from '../../../src/core/plan/history-index.js';
import { type Plan, type PlanLimits, plan, type ReadyStep, stepOutputs } from '../../../src/core/plan/plan.js';
import { decideRetry, resolveRetryPolicy } from '../../../src/core/retry.js';
import { expireWait, type Step } from '../../../src/core/steps/index.js';
import { childLists, findStep } from '../../../src/core/steps/tree.js';
import { action, approval, branch, definition, delay, forEach, parallel, START, stop, webhookWait } from './support.js';

/** Random trees of steps; ids are given afterwards, so that each is unique. */
const { list } = fc.letrec<{ list: Step[]; step: Step }>((tie) => ({
  list: fc.array(tie('step'), { minLength: 1, maxLength: 3 }),
  step: fc.oneof(
    { depthSize: 'small', maxDepth: 3, withCrossShrink: true },
    fc
      .record({
        onError: fc.constantFrom('stop' as const, 'continue' as const),
        onAmbiguous: fc.constantFrom('retry' as const, 'retry' as const, 'hold' as const),
        maxAttempts: fc.integer({ min: 1, max: 3 }),
      })
      .map(({ maxAttempts, ...more }) => action('', { ...more, retry: { maxAttempts, initialInterval: 'PT1S' } })),
    fc.constant(action('')),
    fc.constant(delay('')),
    fc
      .record({
        onReject: fc.constantFrom('stop' as const, 'fail' as const, 'continue' as const),
        onExpiry: fc.constantFrom('approve' as const, 'reject' as const, 'stop' as const, 'fail' as const),
      })
      .map((more) => approval('', more)),
    fc.constantFrom('fail' as const, 'continue' as const, 'stop' as const).map((onExpiry) => webhookWait('', { onExpiry })),
    fc.constantFrom('succeeded' as const, 'failed' as const, 'cancelled' as const).map((outcome) => stop('', { outcome })),
    fc.record({ left: tie('list'), right: tie('list') }).map((lists) => branch('', lists)),
    fc.tuple(tie('list'), tie('list')).map(([left, otherwise]) => branch('', { left }, otherwise, { onError: 'continue' })),
    fc
      .tuple(
        fc.constantFrom('all' as const, 'any' as const),
        fc.array(tie('list'), { minLength: 1, maxLength: 3 }),
        fc.constantFrom('stop' as const, 'continue' as const),
      )
      .map(([join, lists, onError]) =>
        parallel('', join, Object.fromEntries(lists.map((steps, index) => [`b${index}`, steps])), { onError }),
      ),
    fc
      .tuple(tie('list'), fc.constantFrom(1, 1, 2, 3), fc.constantFrom('stop' as const, 'continue' as const))
      .map(([steps, concurrency, onError]) => forEach('', steps, { concurrency, onError })),
  ),
}));

function withIds(steps: readonly Step[], next = { id: 0 }): Step[] {
  return steps.map((step) => {
    const id = `s${next.id++}`;
    if (step.kind === 'branch') {
      const branches = step.branches.map((one) => ({ ...one, steps: withIds(one.steps, next) }));
      return { ...step, id, branches, ...(step.otherwise && { otherwise: withIds(step.otherwise, next) }) };
    }
    if (step.kind === 'parallel')
      return { ...step, id, branches: step.branches.map((one) => ({ ...one, steps: withIds(one.steps, next) })) };
    if (step.kind === 'for_each') return { ...step, id, steps: withIds(step.steps, next) };
    return { ...step, id };
  });
}

/** Small repeatable randomness, so that a failing run can be told by its seed. */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Does to a run what the engine, people, time and bad luck do, one thing after the other, and watches the planner. */
class Shell {
  readonly executions: StepExecution[] = [];
  /** Paths in the order in which their attempts were started. */
  readonly started: string[] = [];
  now = START.getTime();
  retriesByHand = 0;
  /** As whoever holds a run keeps it. */
  index = indexHistory<StepExecution>([]);

  constructor(
    readonly definition: WorkflowDefinition,
    private readonly random: () => number,
    readonly limits: PlanLimits,
  ) {}

  history(): RunHistory {
    return { startedAt: START.toISOString(), executions: this.executions };
  }

  plan(): Plan {
    return plan(this.definition, this.history(), new Date(this.now), this.limits);
  }

  /** Until the run is over for good. */
  run(watch: (shell: Shell, current: Plan) => void): Plan {
    for (let turn = 0; turn < 20_000; turn += 1) {
      const current = this.plan();
      watch(this, current);
      if (current.outcome && !this.retryByHand(current)) return current;
      for (const { path, attempt } of current.cancelled) {
        const error = { code: 'step_cancelled', message: 'Not needed.' };
        this.record(path, attempt, { status: 'failed', wakeAt: null, error });
      }
      if (!current.outcome) this.turn(current);
    }
    throw new Error('The run does not come to an end.');
  }

  private turn(current: Plan): void {
    const inFlight = this.executions.filter((one) => one.status === 'running');
    const answerable = current.waiting.filter((one) => ['approval', 'webhook'].includes(one.reason));
    const moves: (() => void)[] = [
      ...current.ready.map((ready) => () => this.start(ready)),
      ...inFlight.map((execution) => () => this.finish(execution)),
      ...current.elapsed.map((one) => () => this.record(one.path, one.attempt, expireWait(one.step))),
      ...answerable.map((one) => () => this.answer(one.path)),
    ];
    // Like a worker that executes all that was ready before it plans again.
    if (current.ready.length > 1 && this.chance(0.3)) for (const ready of current.ready) this.start(ready);
    else if (moves.length === 0 || this.chance(0.1)) this.passTime(current);
    else this.pick(moves)();
  }

  private start({ path, attempt, step, tries }: ReadyStep): void {
    expect(this.executions.some((one) => one.path === path && one.attempt >= attempt)).toBe(false);
    if (step.kind === 'action') expect(tries).toBeLessThanOrEqual(resolveRetryPolicy(step.retry).maxAttempts);
    this.started.push(path);
    const execution: StepExecution = { path, attempt, status: 'running' };
    this.executions.push(execution);
    this.index.add(execution);
    if (step.kind === 'action') {
      if (this.chance(0.5)) this.finish(execution);
    } else if (this.chance(0.05)) Object.assign(execution, { status: 'failed', error: { code: 'template_path_missing', message: 'No.' } });
    else if (step.kind === 'branch') {
      const names: (string | null)[] = [...step.branches.map((one) => one.name), null];
      Object.assign(execution, { status: 'succeeded', output: { taken: this.pick(names) } });
    } else if (step.kind === 'for_each') {
      const items = Array.from({ length: Math.floor(this.random() * 4) }, (_, index) => `item ${index}`);
      Object.assign(execution, { status: 'succeeded', output: { items, count: items.length } });
    } else if (step.kind === 'stop') Object.assign(execution, { status: 'succeeded', output: {} });
    else
      Object.assign(execution, {
        status: 'waiting',
        wakeAt: this.chance(0.7) ? new Date(this.now + this.random() * 60_000).toISOString() : null,
      });
  }

  private finish(execution: StepExecution): void {
    const step = findStep(this.definition.steps, execution.path);
    if (step?.kind !== 'action') throw new Error(`Nothing but actions is in flight, not ${execution.path}.`);
    const luck = this.random();
    if (luck < 0.6) Object.assign(execution, { status: 'succeeded', output: { n: execution.attempt } });
    else if (luck < 0.75) Object.assign(execution, { status: 'lost' });
    else {
      const tries = this.executions.filter((one) => one.path === execution.path && !one.superseded).length;
      const retry = luck < 0.9 ? ({ kind: 'transient' } as const) : ({ kind: 'permanent' } as const);
      const decision = decideRetry(resolveRetryPolicy(step.retry), tries, retry, new Date(this.now), this.random());
      const error = { code: 'smtp_down', message: 'No answer.' };
      Object.assign(execution, { status: 'failed', error, wakeAt: decision.kind === 'retry' ? decision.at.toISOString() : null });
    }
  }

  private answer(path: string): void {
    const execution = this.executions.find((one) => one.path === path && one.status === 'waiting' && !one.superseded);
    Object.assign(execution ?? {}, { status: 'succeeded', output: { decision: this.chance(0.7) ? 'approved' : 'rejected' } });
  }

  private record(path: string, attempt: number, result: Partial<StepExecution>): void {
    Object.assign(this.executions.find((one) => one.path === path && one.attempt === attempt) ?? {}, result);
  }

  /** To the next moment that anything waits for. */
  private passTime(current: Plan): void {
    const moments = [...current.waiting.map((one) => one.until), current.deadline]
      .filter((one) => one !== null)
      .map((one) => Date.parse(one));
    this.now = Math.max(this.now, Math.min(...moments));
  }

  /** A person sends the failed step back, now and then. */
  private retryByHand({ outcome }: Plan): boolean {
    if (outcome?.status !== 'failed' || outcome.path === null || outcome.error.code === 'too_many_steps') return false;
    if (this.retriesByHand === 2 || this.chance(0.5)) return false;
    this.retriesByHand += 1;
    for (const execution of this.executions) if (execution.path === outcome.path) execution.superseded = true;
    this.index = indexHistory(this.executions);
    return true;
  }

  private chance(share: number): boolean {
    return this.random() < share;
  }

  private pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.random() * items.length)] as Item;
  }
}

/** The latest attempt that counts, found the slow way. */
function latest(executions: readonly StepExecution[], path: string): StepExecution | undefined {
  return executions.filter((one) => one.path === path && !one.superseded).sort((a, b) => b.attempt - a.attempt)[0];
}

function itemsOf(execution: StepExecution | undefined): readonly Json[] {
  const items = execution?.output?.items;
  return Array.isArray(items) ? items : [];
}

/**
 * Whether the run may go on behind a step, told by the definition's rules alone. What a container with `onError:
 * continue` makes good is the planner's to know: lenient takes such a container for over, strict only when all is done.
 */
function isOver(step: Step, path: string, executions: readonly StepExecution[], leniency: 'lenient' | 'strict'): boolean {
  if (leniency === 'lenient' && step.onError === 'continue' && childLists(step).length > 0) return true;
  const own = latest(executions, path);
  const whole = (steps: readonly Step[], prefix: string) => steps.every((one) => isOver(one, `${prefix}${one.id}`, executions, leniency));
  if (step.kind === 'parallel') {
    const flags = step.branches.map((one) => whole(one.steps, `${path}.${one.name}.`));
    return step.join === 'all' ? flags.every(Boolean) : flags.some(Boolean);
  }
  if (own?.status !== 'succeeded') {
    const isLastTry = own?.status === 'lost' || (own?.status === 'failed' && !own.wakeAt);
    const tries = executions.filter((one) => one.path === path && !one.superseded).length;
    const { maxAttempts } = resolveRetryPolicy(step.kind === 'action' ? step.retry : undefined);
    return step.onError === 'continue' && isLastTry && (own.status === 'failed' || tries >= maxAttempts);
  }
  if (step.kind === 'branch') {
    const name = own.output?.taken ?? 'otherwise';
    const taken = childLists(step).find((one) => one.segment === `.${name}`);
    return whole(taken?.steps ?? [], `${path}.${name}.`);
  }
  if (step.kind === 'for_each') return itemsOf(own).every((_, index) => whole(step.steps, `${path}[${index}].`));
  if (step.kind === 'approval' && own.output?.decision === 'rejected') return step.onReject === 'continue';
  return step.kind !== 'stop';
}

/** The lists that lead to a path: for each its steps, its prefix and the step of it that the path goes through. */
function listsAlong(steps: readonly Step[], path: string, prefix = ''): { steps: readonly Step[]; prefix: string; step: Step }[] {
  const rest = path.slice(prefix.length);
  const step = steps.find((one) => new RegExp(`^${one.id}(?![A-Za-z0-9])`).test(rest));
  if (!step) throw new Error(`Nothing at ${path}.`);
  const here = prefix + step.id;
  const child = /^(?:\.[^.[]+|\[\d+\])\./.exec(path.slice(here.length))?.[0];
  const own = { steps, prefix, step };
  if (child === undefined) return [own];
  const inside = childLists(step).find((one) => one.segment === child.slice(0, -1).replace(/\d+(?=\])/, ''));
  return [own, ...listsAlong(inside?.steps ?? [], path, here + child)];
}

const SCENARIO = fc.record({ steps: list.map((steps) => withIds(steps)), seed: fc.integer(), most: fc.constantFrom(3, 20, 500, 500) });
const RUNS = { numRuns: 300 };

/** Whether a run may go on behind a join, or an inner loop, inside the step while one of its branches or items has an attempt in flight. */
function mayDecideEarly(step: Extract<Step, { kind: 'for_each' }>): boolean {
  const text = JSON.stringify(step);
  const isSideBySide = text.includes('"parallel"') || /"concurrency":(?!1[,}])/.test(JSON.stringify(step.steps));
  return text.includes('"any"') || (isSideBySide && text.includes('"continue"'));
}

/** Lets many random runs happen, with a look at each plan and at the end. */
function always(watch: (shell: Shell, current: Plan) => void, atEnd: (shell: Shell, last: Plan) => void = () => {}): void {
  fc.assert(
    fc.property(SCENARIO, ({ steps, seed, most }) => {
      const shell = new Shell(definition(steps, 'PT10M'), randomOf(seed), { maxSteps: most, maxLoopSteps: 2 * most });
      atEnd(shell, shell.run(watch));
    }),
    RUNS,
  );
}

describe('the planner, whatever happens to a run', () => {
  it('brings it to an end and always has something to do or to wait for until then', () => {
    always((_, { ready, elapsed, waiting, outcome }) => {
      const open = ready.length + elapsed.length + waiting.length;
      expect(outcome === undefined ? open > 0 : open === 0).toBe(true);
    });
  });

  it('gives the same plan for the same history, in any order and read back from JSON', () => {
    always((shell, current) => {
      expect(shell.plan()).toEqual(current);
      const copy: WorkflowDefinition = JSON.parse(JSON.stringify(shell.definition));
      const history: RunHistory = JSON.parse(JSON.stringify({ ...shell.history(), executions: [...shell.executions].reverse() }));
      expect(plan(copy, history, new Date(shell.now), shell.limits)).toEqual(current);
    });
  });

  it('gives the same plan and the same outputs from an index that grows with the run', () => {
    always((shell, current) => {
      const indexed = { ...shell.history(), index: shell.index };
      expect(plan(shell.definition, indexed, new Date(shell.now), shell.limits)).toEqual(current);
      for (const { path } of current.ready)
        expect(stepOutputs(shell.definition, indexed, path)).toEqual(stepOutputs(shell.definition, shell.history(), path));
    });
  });

  it('changes neither the definition nor the history', () => {
    always((shell) => {
      const before = JSON.stringify([shell.definition, shell.executions]);
      shell.plan();
      expect(JSON.stringify([shell.definition, shell.executions])).toBe(before);
    });
  });

  it('starts no attempt of a step that has one under way, has succeeded or has finally failed', () => {
    always((shell, { ready }) => {
      for (const { path, attempt } of ready) {
        const before = latest(shell.executions, path);
        expect(before === undefined || before.status === 'lost' || (before.status === 'failed' && Boolean(before.wakeAt))).toBe(true);
        expect(attempt).toBe(shell.executions.filter((one) => one.path === path).length + 1);
      }
      expect(new Set(ready.map((one) => one.path)).size).toBe(ready.length);
    });
  });

  it('executes every step once, but for retries', () => {
    always(
      () => {},
      ({ executions }) => {
        const succeeded = executions.filter((one) => one.status === 'succeeded' && !one.superseded).map((one) => one.path);
        expect(new Set(succeeded).size).toBe(succeeded.length);
      },
    );
  });

  it('never exceeds the attempts of the retry policy between two retries by hand', () => {
    always(
      () => {},
      (shell) => {
        for (const path of new Set(shell.started)) {
          const step = findStep(shell.definition.steps, path);
          const { maxAttempts } = resolveRetryPolicy(step?.kind === 'action' ? step.retry : undefined);
          const counted = shell.executions.filter((one) => one.path === path && !one.superseded).length;
          expect(counted).toBeLessThanOrEqual(maxAttempts);
        }
      },
    );
  });

  it('starts a step only when all before it in its branch are over, and only where the run went', () => {
    always((shell, { ready }) => {
      for (const { path, loop } of ready) {
        let item: number | undefined;
        for (const { steps, prefix, step } of listsAlong(shell.definition.steps, path)) {
          for (const earlier of steps.slice(0, steps.indexOf(step)))
            expect(isOver(earlier, prefix + earlier.id, shell.executions, 'lenient')).toBe(true);
          const rest = path.slice(prefix.length + step.id.length);
          const own = latest(shell.executions, prefix + step.id);
          if (rest !== '' && step.kind === 'branch') expect(rest.startsWith(`.${own?.output?.taken ?? 'otherwise'}.`)).toBe(true);
          if (rest !== '' && step.kind === 'for_each') {
            item = Number(/^\[(\d+)\]/.exec(rest)?.[1]);
            expect(item).toBeLessThan(itemsOf(own).length);
          }
        }
        expect(loop).toEqual(item === undefined ? undefined : { index: item, item: `item ${item}` });
      }
    });
  });

  it('begins the items of a loop in order, each once', () => {
    always(
      () => {},
      (shell) => {
        const firstStarts = [...new Set(shell.started)];
        const items = new Map<string, number>();
        for (const path of firstStarts) {
          for (const match of path.matchAll(/\[(\d+)\]/g)) {
            const each = path.slice(0, match.index);
            const begun = items.get(each) ?? -1;
            const loop = findStep(shell.definition.steps, each);
            expect(Number(match[1])).toBeLessThanOrEqual(begun + (loop?.kind === 'for_each' ? loop.concurrency : 0));
            items.set(each, Math.max(begun, Number(match[1])));
          }
        }
      },
    );
  });

  it('starts nothing in the branches beside the one that decided a join by any', () => {
    always((shell, { ready, elapsed, waiting }) => {
      const active = [...ready, ...elapsed, ...waiting.filter((one) => one.reason !== 'in_flight')];
      for (const { path } of active) {
        for (const { prefix, step } of listsAlong(shell.definition.steps, path)) {
          if (step.kind !== 'parallel' || step.join !== 'any' || path === prefix + step.id) continue;
          const whole = step.branches.filter((one) =>
            one.steps.every((child) => isOver(child, `${prefix}${step.id}.${one.name}.${child.id}`, shell.executions, 'strict')),
          );
          expect(whole.map((one) => one.name)).toEqual([]);
        }
      }
    });
  });

  it('begins no more items of a loop at a time than it says', () => {
    always((shell, { ready, waiting, elapsed }) => {
      const open = new Map<string, Set<string>>();
      for (const { path } of [...ready, ...waiting, ...elapsed]) {
        for (const match of path.matchAll(/\[(\d+)\]/g)) {
          const each = path.slice(0, match.index);
          open.set(each, (open.get(each) ?? new Set()).add(match[1] ?? ''));
        }
      }
      for (const [each, items] of open) {
        const step = findStep(shell.definition.steps, each);
        // What a branch still had in flight when its join was decided is beside the items under way.
        if (step?.kind === 'for_each' && !mayDecideEarly(step)) expect(items.size).toBeLessThanOrEqual(step.concurrency);
      }
    });
  });

  it('ends it only when no attempt is in flight, and as succeeded only when all is done or a stop says so', () => {
    always(
      (shell, { outcome }) => {
        if (outcome) expect(shell.executions.filter((one) => one.status === 'running')).toEqual([]);
      },
      (shell, { outcome }) => {
        if (outcome?.status !== 'succeeded') return;
        const stopped = shell.executions.some(
          (one) => one.status === 'succeeded' && findStep(shell.definition.steps, one.path)?.kind === 'stop',
        );
        expect(stopped || shell.definition.steps.every((step) => isOver(step, step.id, shell.executions, 'lenient'))).toBe(true);
      },
    );
  });

  it('ends it as failed or cancelled at a step of the definition, or for its time', () => {
    always(
      () => {},
      (shell, { outcome }) => {
        if (!outcome || outcome.status === 'succeeded') return;
        if (outcome.path === null) expect(outcome).toMatchObject({ error: { code: 'run_timed_out' } });
        else expect(findStep(shell.definition.steps, outcome.path)).not.toBeNull();
      },
    );
  });

  it('executes no more steps than the limit', () => {
    always((shell, { ready }) => {
      const paths = [...new Set([...shell.executions, ...ready].map((one) => one.path))];
      const inLoops = paths.filter((path) => path.includes('['));
      expect(inLoops.length).toBeLessThanOrEqual(shell.limits.maxLoopSteps);
      expect(paths.length - inLoops.length).toBeLessThanOrEqual(shell.limits.maxSteps);
    });
  });

  it('shows to a step what earlier steps did, and the same to its next attempt whatever happened beside it', () => {
    const shown = new Map<string, string>();
    always((shell, { ready }) => {
      if (shell.executions.length === 0) shown.clear();
      for (const { path } of ready) {
        const before = listsAlong(shell.definition.steps, path).flatMap(({ steps, step }) => steps.slice(0, steps.indexOf(step)));
        const outputs = stepOutputs(shell.definition, shell.history(), path);
        for (const step of before)
          if (step.kind === 'action' && step.onError !== 'continue') expect(Object.hasOwn(outputs, step.id)).toBe(true);
        // Losing branches of a join by any may still record a result behind the join.
        if ([...JSON.stringify(shell.definition).matchAll(/"any"|"continue"/g)].length > 0 || shell.retriesByHand > 0) continue;
        expect(shown.get(path) ?? JSON.stringify(outputs)).toBe(JSON.stringify(outputs));
        shown.set(path, JSON.stringify(outputs));
      }
    });
  });
});
