import { it } from '@jest/globals';
import { Session } from 'node:inspector/promises';
import { CrmFixture } from './crm-fixture.js';
import { CrmUnitOfWork } from '../../src/host/crm-session.js';
it('x', async () => {
  const f = await CrmFixture.create();
  const leads = [];
  for (let i = 0; i < 200; i++) leads.push(await f.lead({ amount: '1' }));
  f.dataSource.setOptions({ logging: false });
  const run = (i: number) => f.dataSource.transaction(async (manager) => {
    const u = new CrmUnitOfWork(f.host, manager);
    const s = u.forStep({ workspaceId: 'acme', actor: { type: 'system', id: null }, cause: null });
    await Promise.all(leads.map((l) => u.read('acme', { module: 'leads', id: l.id }, ['account'])));
    await Promise.all(leads.map((l) => s.update({ module: 'leads', id: l.id }, (r) => ({ amount: Number(r.amount) + 1, stage: i % 2 ? 'New' : 'Qualified' }))));
  });
  for (let i = 0; i < 30; i++) await run(i);
  const session = new Session(); session.connect();
  await session.post('Profiler.enable'); await session.post('Profiler.setSamplingInterval', { interval: 200 }); await session.post('Profiler.start');
  const t = performance.now(); const c = process.cpuUsage();
  for (let i = 0; i < 100; i++) await run(i);
  console.log('per record us wall', ((performance.now() - t) * 1000 / 20000).toFixed(1), 'cpu', (process.cpuUsage(c).user / 20000).toFixed(1));
  const { profile } = await session.post('Profiler.stop');
  const self = new Map<string, number>();
  const total = profile.samples!.length;
  const byId = new Map(profile.nodes.map((n) => [n.id, n]));
  for (const id of profile.samples!) { const n = byId.get(id)!; const k = `${n.callFrame.functionName} ${n.callFrame.url.split('/').slice(-2).join('/')}:${n.callFrame.lineNumber}`; self.set(k, (self.get(k) ?? 0) + 1); }
  console.log([...self].sort((a, b) => b[1] - a[1]).slice(0, 28).map(([k, v]) => `${(100 * v / total).toFixed(1)}% ${k}`).join('\n'));
  await f.close();
}, 60000);
