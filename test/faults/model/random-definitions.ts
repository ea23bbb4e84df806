import type { SeededRandom } from '../support/seeded-random.js';

/** A step of a random definition, as it is published. */
type StepJson = Record<string, unknown> & { id: string };

/** Long enough that no retry comes due by itself while a sequence lasts: time passes when a command says so. */
const RETRY_PAUSE = 'PT1H';

/**
 * A random workflow: one to four steps in a list, external ones with every policy, local ones of both kinds of
 * transaction, waits, branches and stops. Titles of tasks name run and path, so that effects can be counted.
 */
export function randomDefinition(random: SeededRandom): object {
  const steps = randomSteps(random, '', random.between(1, 4), 0, { id: 0 });
  return {
    trigger: { type: 'event', module: 'leads', event: 'created' },
    steps,
    settings: { reentry: random.pick(['always', 'always', 'not_while_active', 'once_per_record']), maxDuration: 'P30D' },
  };
}

/**
 * A random machine: its records go to and fro, by events, by hand and by a timeout, each time with random steps, as a workflow
 * has them, or with none.
 */
export function randomMachine(random: SeededRandom): { transitions: { code: string; steps: StepJson[] }[] } & Record<string, unknown> {
  // Which none of the steps brings about.
  const created = { type: 'event', module: 'leads', event: 'created' };
  const next = { id: 0 };
  const transition = (code: string, from: string, to: string, trigger: object) => ({
    ...{ code, from: [from], to, trigger, settings: { maxDuration: 'P30D' } },
    steps: randomSteps(random, '', random.between(0, 3), 0, next),
  });
  return {
    for: { module: 'leads' },
    states: [{ code: 'HERE', initial: true, timeout: { after: 'P2D', transition: 'lapse' } }, { code: 'THERE' }],
    transitions: [
      transition('go', 'HERE', 'THERE', created),
      transition('return', 'THERE', 'HERE', created),
      transition('recall', 'THERE', 'HERE', { type: 'manual' }),
      transition('lapse', 'HERE', 'THERE', { type: 'timeout' }),
    ],
  };
}

function randomSteps(random: SeededRandom, prefix: string, count: number, depth: number, next: { id: number }): StepJson[] {
  return Array.from({ length: count }, () => randomStep(random, prefix, depth, next));
}

function randomStep(random: SeededRandom, prefix: string, depth: number, next: { id: number }): StepJson {
  const id = `s${next.id++}`;
  const path = `${prefix}${id}`;
  const title = `{{run.id}} ${path}`;
  const policy = {
    retry: { maxAttempts: random.between(1, 3), initialInterval: RETRY_PAUSE },
    onError: random.pick(['stop', 'stop', 'continue']),
  };
  switch (random.pick(['call', 'call', 'call', 'write', 'write', 'task', 'touch', 'delay', 'branch', 'stop'])) {
    case 'call': {
      const step = { id, type: 'call', with: { to: path }, timeout: 'PT5M', ...policy };
      // Whoever asks for a person cannot go on without one.
      return random.next() < 0.5 ? step : { ...step, onAmbiguous: 'hold', onError: 'stop' };
    }
    case 'write':
      return { id, type: 'write', with: { title }, timeout: 'PT5M', ...policy };
    case 'task':
      return { id, type: 'create_task', with: { title } };
    case 'touch':
      return { id, type: 'change_field', with: { field: 'touches', increment: 1 } };
    case 'delay':
      return { id, type: 'delay', for: 'P1D' };
    case 'stop':
      // Seldom alone: what is behind it never comes.
      return { id, type: 'stop', outcome: random.pick(['succeeded', 'failed', 'cancelled']) };
    default: {
      if (depth > 0) return { id, type: 'create_task', with: { title } };
      const odd = { field: 'touches', operator: 'greater_than', value: 0 };
      return {
        id,
        type: 'branch',
        branches: [{ name: 'touched', when: odd, steps: randomSteps(random, `${path}.touched.`, random.between(1, 2), depth + 1, next) }],
        otherwise: randomSteps(random, `${path}.otherwise.`, random.between(1, 2), depth + 1, next),
      };
    }
  }
}
