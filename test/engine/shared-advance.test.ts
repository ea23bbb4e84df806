import { describe, expect, it } from '@jest/globals';
import type { HeldRun } from '../../src/engine/running/held-run.js';
import type { Advance } from '../../src/engine/running/run-advancer.js';
import { advanceTogether } from '../../src/engine/running/shared-advance.js';
import { noWrites, type StepTransaction } from '../../src/engine/running/step-transaction.js';
import type { CrmHost } from '../../src/host/crm-host.js';

const refusedBy = (code: string) => Object.assign(new Error('refused'), { code });

/** Advances runs by name, those that fail as told, and notes every try, and what would be written. */
const advance = async (
  names: string[],
  failureOf: (name: string, tries: readonly string[]) => Error | null,
  writes: { tokens: unknown[] } = noWrites(),
) => {
  const tries: string[] = [];
  const runs = names.map((id) => ({ id, rolledBack: () => undefined }) as unknown as HeldRun);
  const tx = { manager: { query: async () => [] }, writes } as unknown as StepTransaction;
  const advanced = await advanceTogether(
    runs,
    tx,
    { describeModules: () => [] } as unknown as CrmHost,
    async ({ id }): Promise<Advance> => {
      tries.push(id);
      writes.tokens.push(id);
      // A run that is looked for without end would never let the test end.
      if (tries.length > 50) throw refusedBy('08006');
      const failure = failureOf(id, tries);
      if (failure) throw failure;
      return { kind: 'queued' };
    },
  );
  return {
    tries,
    apart: advanced
      .filter(({ advance: { kind } }) => kind === 'own_transaction')
      .map(({ run }) => run.id)
      .sort(),
  };
};

describe('runs that advance together', () => {
  it('try one that the database has refused once, whether it is alone or the only one that failed', async () => {
    const refused = (name: string) => (name === 'bad' ? refusedBy('23514') : null);
    expect(await advance(['bad'], refused)).toEqual({ tries: ['bad'], apart: ['bad'] });
    expect(await advance(['a', 'bad', 'b'], refused)).toEqual({ tries: ['a', 'bad', 'b', 'a', 'b'], apart: ['bad'] });
  });

  it('do not look for whose lock it is: all that met it go apart', async () => {
    const locked = (name: string) => (name.startsWith('locked') ? refusedBy('55P03') : null);
    expect(await advance(['a', 'locked 1', 'locked 2'], locked)).toEqual({
      tries: ['a', 'locked 1', 'locked 2', 'a'],
      apart: ['locked 1', 'locked 2'],
    });
  });

  it('take none for guilty that only heard of a refusal', async () => {
    const failures: Record<string, string> = { bad: '23514', victim: '25P02' };
    const once = await advance(['bad', 'victim'], (name, tries) => (tries.length <= 2 ? refusedBy(failures[name] as string) : null));
    expect(once).toEqual({ tries: ['bad', 'victim', 'victim'], apart: ['bad'] });
  });

  it('write what they were about to when all went well, not what they were about to before: that is rolled back', async () => {
    const writes = { ...noWrites(), tokens: ['of another one'] as unknown[] };
    await advance(['a', 'bad', 'b'], (name) => (name === 'bad' ? refusedBy('23514') : null), writes);
    expect(writes.tokens).toEqual(['of another one', 'a', 'b']);
  });
});
