import { describe, expect, it } from '@jest/globals';
import { stepOutputs } from '../../../src/core/plan/plan.js';
import type { Step } from '../../../src/core/steps/index.js';
import { findStep, walkSteps } from '../../../src/core/steps/tree.js';
import { action, at, branch, definition, done, failed, forEach, lost, parallel, running, waiting } from '../plan/support.js';

const TREE: Step[] = [
  action('first'),
  branch('route', { big: [action('am')], small: [action('pool')] }, [action('nobody')]),
  parallel('fan', 'all', { left: [action('l')], right: [action('r1'), action('r2')] }),
  forEach('each', [action('note'), forEach('inner', [action('deep')]), action('tag')]),
  branch('bare', { only: [] }),
  action('last'),
];

describe('the tree of steps', () => {
  it('is walked in the order it is written, with the place of each step', () => {
    expect([...walkSteps(TREE)].map(({ step, jsonPath }) => `${step.id} ${jsonPath}`)).toEqual([
      'first steps[0]',
      'route steps[1]',
      'am steps[1].branches[0].steps[0]',
      'pool steps[1].branches[1].steps[0]',
      'nobody steps[1].otherwise[0]',
      'fan steps[2]',
      'l steps[2].branches[0].steps[0]',
      'r1 steps[2].branches[1].steps[0]',
      'r2 steps[2].branches[1].steps[1]',
      'each steps[3]',
      'note steps[3].steps[0]',
      'inner steps[3].steps[1]',
      'deep steps[3].steps[1].steps[0]',
      'tag steps[3].steps[2]',
      'bare steps[4]',
      'last steps[5]',
    ]);
  });

  it.each([
    ['first', 'first'],
    ['route', 'route'],
    ['route.small.pool', 'pool'],
    ['route.otherwise.nobody', 'nobody'],
    ['fan.right.r2', 'r2'],
    ['each[12].note', 'note'],
    ['each[0].inner[3].deep', 'deep'],
  ])('is found along a path: %s', (path, id) => {
    expect(findStep(TREE, path)?.id).toBe(id);
  });

  it.each([
    '',
    'nothing',
    'route.big',
    'route.up.am',
    'route.big.pool',
    'first.big.am',
    'each.note',
    'each[1]',
    'each[01].note',
    'each[x].note',
    'each[1]note',
    'fan[0].l',
    'route..am',
    '.first',
    'first.',
    'bare.otherwise.x',
  ])('has nothing at %j', (path) => {
    expect(findStep(TREE, path)).toBeNull();
  });
});

describe('what steps see of the steps before them', () => {
  const HISTORY = [
    done('first', { n: 1 }),
    done('route', { taken: 'small' }),
    done('route.small.pool', { owner: 'u-1' }),
    done('fan.left.l', { n: 2 }),
    done('fan.right.r1', { n: 3 }),
    done('each', { items: ['x', 'y'] }),
    done('each[0].note', { of: 'x' }),
    done('each[0].inner', { items: [1] }),
    done('each[0].inner[0].deep', { of: 'x1' }),
    done('each[0].tag', { of: 'x' }),
    done('each[1].note', { of: 'y' }),
    done('each[1].inner', { items: [1, 2] }),
    done('each[1].inner[0].deep', { of: 'y1' }),
    done('bare', { taken: null }),
  ];
  const seen = (path: string | null, executions = HISTORY) => stepOutputs(definition(TREE), { startedAt: at(0), executions }, path);

  it('is nothing at the first step', () => {
    expect(seen('first')).toEqual({});
  });

  it('holds the output of earlier steps', () => {
    expect(seen('route')).toEqual({ first: { output: { n: 1 } } });
  });

  it('holds the step that one stands in', () => {
    expect(seen('route.small.pool')).toEqual({ first: { output: { n: 1 } }, route: { output: { taken: 'small' } } });
    expect(seen('each[0].note')).toMatchObject({ each: { output: { items: ['x', 'y'] } } });
  });

  it('holds steps inside earlier steps', () => {
    expect(seen('fan.left.l')).toMatchObject({ pool: { output: { owner: 'u-1' } } });
  });

  it('holds earlier steps of the same branch, but none of a branch beside it', () => {
    expect(Object.keys(seen('fan.right.r2'))).toEqual(['first', 'route', 'pool', 'r1']);
  });

  it('holds the same item alone inside a loop', () => {
    expect(seen('each[1].inner[1].deep')).toMatchObject({ note: { output: { of: 'y' } } });
    expect(seen('each[1].inner[1].deep')).not.toHaveProperty('tag');
    expect(seen('each[1].inner[1].deep')).not.toHaveProperty('deep');
    expect(seen('each[1].tag')).toMatchObject({ deep: { output: { of: 'y1' } } });
  });

  it('holds the last item that came to a step behind a loop', () => {
    expect(seen('last')).toMatchObject({ note: { output: { of: 'y' } }, tag: { output: { of: 'x' } }, deep: { output: { of: 'y1' } } });
  });

  it('holds everything after the last step', () => {
    const all = seen(null, [...HISTORY, done('last', { n: 9 })]);
    expect(Object.keys(all).sort()).toEqual(['bare', 'deep', 'each', 'first', 'inner', 'l', 'last', 'note', 'pool', 'r1', 'route', 'tag']);
  });

  it('has null for steps that left no output, the last attempt deciding', () => {
    const executions = [{ path: 'first', attempt: 1, status: 'succeeded' as const }, lost('route')];
    expect(seen('fan.left.l', executions)).toEqual({ first: { output: null }, route: { output: null } });
    expect(seen('route', [failed('first', { output: { code: 500 } })])).toEqual({ first: { output: { code: 500 } } });
    expect(seen('route', [done('first', { n: 2 }, 2), failed('first')])).toEqual({ first: { output: { n: 2 } } });
  });

  it('holds no step that is under way, nor one that a person sent back', () => {
    expect(seen('fan.left.l', [running('first'), waiting('route', null)])).toEqual({});
    expect(seen('route', [{ ...done('first'), superseded: true }])).toEqual({});
  });

  it('does not mistake one id for another that it begins with', () => {
    const steps = [branch('a', { x: [action('inside')] }), branch('ab', { x: [action('other')] })];
    const outputs = stepOutputs(
      definition(steps),
      { startedAt: at(0), executions: [done('a', { taken: 'x' }), done('a.x.inside', { n: 1 })] },
      'ab.x.other',
    );
    expect(outputs).toEqual({ a: { output: { taken: 'x' } }, inside: { output: { n: 1 } } });
  });

  it.each(['nothing', 'each.note', 'route.up.x', 'each[0]'])('refuses a path that the definition does not have: %s', (path) => {
    expect(() => seen(path)).toThrow(expect.objectContaining({ code: 'step_unknown' }));
  });

  it('passes over a loop whose items are not known', () => {
    expect(seen('last', [done('each', {})])).toEqual({ each: { output: {} } });
  });
});
