import { types } from 'node:util';
import { IsString } from 'class-validator';
import { type ActionDefinition, defineAction } from '../../../src/actions/define-action.js';
import { HostError as AutomationError, type LoggedError } from '../../../src/core/errors.js';
import type { JsonObject } from '../../../src/core/json.js';
import { type Peer, tcpPeer } from '../../actions/support/peers.js';
import { ADMIN, type AutomationApp } from '../../support/automation-app.js';
import { Lead } from '../../support/sample-crm.js';
import { HOSTILE_VALUES } from './values.js';

class Which {
  @IsString() which!: string;
}

/** What an action does with a value, and how its step then ends. */
interface Way {
  type: string;
  effect: 'local' | 'external';
  ends: 'succeeded' | 'failed';
  act(value: unknown): unknown;
}

const throwIt = (value: unknown): never => {
  throw value;
};
const coded = (value: unknown): never => {
  const text = value as string;
  throw new AutomationError(typeof value === 'string' && value !== '' ? value : 'coded', text, {
    hint: text,
    details: { value } as JsonObject,
    problems: [{ path: text, message: text }],
    cause: value,
  });
};

/** Everything of an action that goes into the log: what it answers, what it throws, and every part of an error. */
const WAYS: readonly Way[] = [
  { type: 'answer_outside', effect: 'external', ends: 'succeeded', act: (value) => (types.isProxy(value) ? { value } : value) },
  { type: 'answer_here', effect: 'local', ends: 'succeeded', act: (value) => ({ value }) },
  { type: 'throw_outside', effect: 'external', ends: 'failed', act: throwIt },
  { type: 'throw_here', effect: 'local', ends: 'failed', act: throwIt },
  { type: 'fail_outside', effect: 'external', ends: 'failed', act: coded },
  { type: 'fail_here', effect: 'local', ends: 'failed', act: coded },
];

/** Actions that answer with a hostile value, or fail with one. */
export const hostileActions: readonly ActionDefinition[] = WAYS.map(({ type, effect, act }) => {
  const common = { type, label: type, arguments: Which };
  const execute = async ({ which }: Which): Promise<never> => act(HOSTILE_VALUES[Number(which.slice(1))]?.make()) as never;
  return effect === 'local' ? defineAction({ ...common, effect, execute }) : defineAction({ ...common, effect, execute });
});

/** Answers of receivers, as bytes: nothing a JavaScript program could be made to say by accident. */
const ANSWERS: readonly [name: string, body: Buffer | string, contentType: string][] = [
  ['U+0000 as JSON', '{"text":"a\\u0000b","\\u0000":1}', 'application/json'],
  ['a lone surrogate as JSON', '["\\ud800","\\udfff\\ud800"]', 'application/json'],
  ['1e400 as JSON', '{"big":1e400,"small":-1e400,"long":123456789012345678901234567890}', 'application/json'],
  ['lists 30,000 deep', `${'['.repeat(30_000)}${']'.repeat(30_000)}`, 'application/json'],
  ['objects 10,000 deep', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 'application/json'],
  ['the key __proto__', '{"__proto__":{"admin":true},"constructor":{"prototype":1}}', 'application/json'],
  ['JSON that breaks off', '{"a":', 'application/json'],
  ['bytes that are no UTF-8', Buffer.from([0, 0xff, 0xfe, 0xd8, 0, 0xc0, 0x80]), 'text/plain'],
  ['bytes that are no UTF-8 as JSON', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'application/json'],
];

/**
 * Lets actions answer and fail with every value, and a receiver give every answer; each run has to end, with its log. `short`:
 * values that take long in one way only.
 */
export async function tryStepDoors(
  app: AutomationApp,
  receiver: Peer,
  scale: 'short' | 'long',
): Promise<{ runs: number; violations: string[] }> {
  const leads = HOSTILE_VALUES.map((_, index) => ({ id: `v${index}`, workspaceId: 'acme', name: 'Ada' }));
  await app.source.manager.insert(Lead, leads);
  const url = `http://127.0.0.1:${receiver.port}/{{trigger.recordId}}`;
  const answers = ANSWERS.map(([name]) => name);
  const answered = answers.map((name, number) => ({ name, number }));
  const violations = [
    ...(await tryStep(app, answered, { type: 'webhook', with: { url } }, 'succeeded')),
    ...(await tryStep(app, answered, { type: 'webhook', with: { url, expectedStatus: [299] } }, 'failed')),
  ];
  let runs = 2 * answers.length;
  for (const [index, { type, ends }] of WAYS.entries()) {
    const values = HOSTILE_VALUES.map((value, number) => ({ ...value, number })).filter(
      ({ slow }) => !slow || scale === 'long' || index === 0,
    );
    violations.push(...(await tryStep(app, values, { type, with: { which: '{{trigger.recordId}}' } }, ends)));
    runs += values.length;
  }
  return { runs, violations };
}

/** One run a name, whose step `odd` does what its number says. A local step comes after it: what is written of an answer must not spoil it. */
async function tryStep(
  app: AutomationApp,
  cases: readonly { name: string; number: number }[],
  step: JsonObject,
  ends: 'succeeded' | 'failed',
): Promise<string[]> {
  const workflowId = await app.publishWorkflow({
    trigger: { type: 'event', module: 'leads', event: 'created' },
    steps: [
      { id: 'odd', ...step, retry: { maxAttempts: 1 }, onError: 'continue' },
      { id: 'after', type: 'create_task', with: { title: 'Done' } },
    ],
  });
  await app.automation.publish(
    cases.map(({ number }) => ({ workspaceId: 'acme', module: 'leads', event: 'created', recordId: `v${number}` })),
  );
  await app.automation.drain();
  await app.workflows.pause(workflowId, ADMIN);
  const steps = await app.query<{ recordId: string; run: string; path: string; status: string; error: LoggedError | null }>(
    `SELECT r.record_id AS "recordId", r.status AS run, s.path, s.status, s.error FROM automation.runs r
     LEFT JOIN automation.step_executions s ON s.workspace_id = r.workspace_id AND s.run_id = r.id WHERE r.workflow_id = $1 ORDER BY s.position`,
    [workflowId],
  );
  return cases.flatMap(({ name, number }) => {
    const own = steps.filter(({ recordId }) => recordId === `v${number}`);
    const odd = own.find(({ path }) => path === 'odd');
    const log = own.map(({ path, status }) => `${path} ${status}`).join(', ');
    const found: string[] = [];
    if (own[0]?.run !== 'succeeded' || log !== `odd ${ends}, after succeeded`) found.push(`the run is ${own[0]?.run}, its log: ${log}`);
    if (odd?.status === 'failed' && !(odd.error?.code && typeof odd.error.message === 'string')) found.push('the log does not say why');
    return found.map((violation) => `${name} by ${step.type}: ${violation}`);
  });
}

/** A receiver that answers the path `/v<n>` with the answer of that number. */
export function hostileReceiver(): Promise<Peer> {
  return tcpPeer((socket) => {
    socket.once('data', (chunk) => {
      const number = Number(/\/v(\d+)/.exec(chunk.toString('latin1'))?.[1]);
      const [, body, contentType] = ANSWERS[number] ?? ['', '', 'text/plain'];
      const bytes = Buffer.from(body as string);
      socket.write(
        `HTTP/1.1 200 ${'\u00ff'}\r\ncontent-type: ${contentType}\r\ncontent-length: ${bytes.length}\r\nconnection: close\r\n\r\n`,
        'latin1',
      );
      socket.end(bytes);
    });
  });
}
