import { startDemo } from '../../../src/demo/demo-app.js';
import type { LabDatabase } from '../support/lab-database.js';

/** Bodies as bytes on the wire; `@` stands for the hostile part, in the text field, the number or the list of a lead or contact. */
const PARTS: readonly [name: string, json: string][] = [
  ['U+0000', '"a\\u0000b"'],
  ['a lone surrogate', '"x\\ud800"'],
  ['surrogates the wrong way round', '"\\udc00\\ud800"'],
  ['1e400', '1e400'],
  ['-1e400', '-1e400'],
  ['a number of 400 digits', '9'.repeat(400)],
  ['lists 50,000 deep', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
  ['objects 20,000 deep', `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`],
  ['the key __proto__', '{"__proto__":{"admin":true}}'],
  ['the key constructor', '{"constructor":{"prototype":{"admin":true}}}'],
  ['a date that is none', '"2026-02-31T25:61:00Z"'],
  ['a text of 200 letters and quotes', `"${"'; DROP TABLE leads; --".padEnd(200, 'x')}"`],
  ['300 KB', `"${'x'.repeat(300_000)}"`],
  ['JSON that breaks off', '{"a":'],
];
const BODIES: readonly ((part: string) => string)[] = [
  (part) => `{"name":${part}}`,
  (part) => `{"name":"Ada","amount":${part}}`,
  (part) => `{"name":"Ada","tags":[${part}]}`,
  (part) => `{"name":"Ada","email":${part}}`,
  (part) => `{"name":"Ada",${part}:1}`,
  (part) => part,
];

/** Sends everything to the demo's records: leads publish in their transaction, contacts are emitted. */
export async function tryHttpDoors(database: LabDatabase): Promise<{ requests: number; taken: number; violations: string[] }> {
  const demo = await startDemo({
    databaseUrl: database.url,
    port: 0,
    sinkSecret: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
    logLevels: ['fatal'],
  });
  const violations: string[] = [];
  let requests = 0;
  let taken = 0;
  try {
    const send = async (method: string, path: string, body: string): Promise<{ status: number; text: string }> => {
      const headers = { authorization: 'Bearer demo-admin', 'content-type': 'application/json' };
      const response = await fetch(`${demo.origin}${path}`, { method, headers, body });
      return { status: response.status, text: await response.text() };
    };
    const lead = JSON.parse((await send('POST', '/crm/leads', '{"name":"Ada"}')).text) as { id: string };
    const routes = [
      ['POST', '/crm/leads'],
      ['PATCH', `/crm/leads/${lead.id}`],
      ['POST', '/crm/contacts'],
    ] as const;
    for (const [name, part] of PARTS) {
      for (const [method, path] of routes) {
        const answers = await Promise.all(BODIES.map((body) => send(method, path, body(part))));
        requests += answers.length;
        for (const [index, { status, text }] of answers.entries()) {
          const isTaken = status === 200 || status === 201;
          if (isTaken) taken += 1;
          // A refusal says why, by a code that programs can read.
          const says = /^\{.*"code":"\w+"/.test(text);
          if (!isTaken && !([400, 413].includes(status) && says)) {
            violations.push(`${name} in body ${index + 1} of ${method} ${path} was answered ${status} ${text.slice(0, 200)}`);
          }
        }
      }
    }
    // While the demo still routes: the last event is often stored in the moment that it would be closed.
    const left = await database.settle();
    if (left !== null) violations.push(left);
  } finally {
    await demo.close();
  }
  return { requests, taken, violations };
}
