import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FairSlots } from '../../src/engine/running/fair-slots.js';

/** Work that ends when it is told to. */
class Jobs {
  readonly running: { workspace: string; end: () => void }[] = [];

  constructor(private readonly slots: FairSlots) {}

  start(workspace: string, failing = false): Promise<unknown> {
    const work = () =>
      new Promise<void>((resolve, reject) => {
        const job = { workspace, end: () => (failing ? reject(new Error('no')) : resolve()) };
        this.running.push(job);
      });
    return this.slots.run(workspace, work).catch((error: Error) => error.message);
  }

  async end(workspace: string): Promise<void> {
    const at = this.running.findIndex((job) => job.workspace === workspace);
    this.running.splice(at, 1)[0]?.end();
    await settle();
  }

  get names(): string {
    return this.running.map(({ workspace }) => workspace).join('');
  }
}

/** Lets everything go on that waits for nothing but its turn. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('slots that workspaces share', () => {
  it('are left free for others by a workspace that has more work than it may hold', async () => {
    const jobs = new Jobs(new FairSlots(5, 3));
    for (let count = 0; count < 10; count += 1) void jobs.start('a');
    await settle();
    expect(jobs.names).toBe('aaa');
    void jobs.start('b');
    await settle();
    expect(jobs.names).toBe('aaab');
    await jobs.end('a');
    expect(jobs.names).toBe('aaba');
  });

  it('go to who holds the fewest, and in turns between those who hold as many', async () => {
    const jobs = new Jobs(new FairSlots(4, 3));
    for (const workspace of 'aaaabbbbcccc') void jobs.start(workspace);
    await settle();
    expect(jobs.names).toBe('aaab');
    await jobs.end('a');
    expect(jobs.names).toBe('aabc');
    await jobs.end('a');
    expect(jobs.names).toBe('abca');
    await jobs.end('b');
    expect(jobs.names).toBe('acab');
  });

  it('are left for a third workspace when the calls of two others hang', async () => {
    const jobs = new Jobs(new FairSlots(8, 5));
    for (const workspace of 'aaaaaaaabbbbbbbb') void jobs.start(workspace);
    await settle();
    expect(jobs.names).toBe('aaaaabb');
    for (const workspace of 'ccc') void jobs.start(workspace);
    await settle();
    expect(jobs.names).toBe('aaaaabbc');
    await jobs.end('c');
    // Its next one holds none either by then.
    expect(jobs.names).toBe('aaaaabbc');
    await jobs.end('a');
    // That one is kept again, for a fourth.
    expect(jobs.names).toBe('aaaabbc');
    await jobs.end('a');
    expect(jobs.names).toBe('aaabbcc');
  });

  it('go to those of one workspace in the order in which they came', async () => {
    const slots = new FairSlots(1, 1);
    const served: string[] = [];
    const work = ['first', 'second', 'third'].map((name) => slots.run('a', async () => void served.push(name)));
    await Promise.all(work);
    expect(served).toEqual(['first', 'second', 'third']);
  });

  it('are free again after work that fails', async () => {
    const jobs = new Jobs(new FairSlots(1, 1));
    const failed = jobs.start('a', true);
    const next = jobs.start('a');
    await settle();
    await jobs.end('a');
    expect(await failed).toBe('no');
    await jobs.end('a');
    expect(await next).toBeUndefined();
  });

  it('are never more than allowed, never idle while somebody may have one, and everybody is served', async () => {
    const commands = fc.array(fc.record({ workspace: fc.constantFrom('a', 'b', 'c'), ends: fc.boolean() }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(commands, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 3 }), async (list, mostOfOne, more) => {
        const most = mostOfOne + more;
        const jobs = new Jobs(new FairSlots(most, mostOfOne));
        const started: Promise<unknown>[] = [];
        const open = new Map<string, number>();
        const count = (workspace: string, by: number) => open.set(workspace, (open.get(workspace) ?? 0) + by);
        for (const { workspace, ends } of list) {
          if (ends && jobs.names.includes(workspace)) {
            count(workspace, -1);
            await jobs.end(workspace);
          } else {
            count(workspace, 1);
            started.push(jobs.start(workspace));
            await settle();
          }
          const running = (of: string) => [...jobs.names].filter((name) => name === of).length;
          expect(jobs.running.length).toBeLessThanOrEqual(most);
          for (const [name, all] of open) {
            expect(running(name)).toBeLessThanOrEqual(mostOfOne);
            if (jobs.running.length < most) expect(running(name)).toBe(Math.min(all, mostOfOne));
          }
        }
        while (jobs.running.length > 0) await jobs.end(jobs.running[0]?.workspace ?? '');
        await Promise.all(started);
      }),
      { numRuns: 60 },
    );
  });
});
