import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type * as Automation from '../../../src/index.js';

/**
 * A small CRM, in a process of its own: entities, controllers, a global ValidationPipe, pages for its API; with automation or
 * without. `node host.js <require|import> <folder of the packages> <with|without>`, DATABASE_URL. Says on stdout, as
 * JSON, what its start took. Everything is loaded by the one way or the other, as the compiled files of a host would.
 */
export interface Start {
  /**
   * Milliseconds since the process began: of the processor in all threads, in the main one (Linux tells that, others answer 0),
   * and of the clock.
   */
  listening: { cpu: number; main: number; wall: number };
  /** A second later: what was put off until then. */
  settled: { cpu: number };
  /** What each part of the start took. */
  parts: Record<'import' | 'create' | 'listen', { cpu: number; wall: number }>;
}

const ENTITIES = 20;
const COLUMNS = 12;
const CONTROLLERS = 12;
const MODULES = 6;
const SETTLED_MS = 1_000;

const [by = 'require', folder = '', what = 'without'] = process.argv.slice(2);
const require = createRequire(join(folder, 'host.js'));
const load = async <T>(name: string): Promise<T> => (by === 'require' ? require(name) : import(name)) as T;

let last = used();
const parts: Partial<Start['parts']> = {};

await load('reflect-metadata');
const { Controller, Get, Module, Post, ValidationPipe } = await load<typeof import('@nestjs/common')>('@nestjs/common');
const { NestFactory } = await load<typeof import('@nestjs/core')>('@nestjs/core');
const { TypeOrmModule } = await load<typeof import('@nestjs/typeorm')>('@nestjs/typeorm');
const { EventEmitterModule } = await load<typeof import('@nestjs/event-emitter')>('@nestjs/event-emitter');
const { DocumentBuilder, SwaggerModule } = await load<typeof import('@nestjs/swagger')>('@nestjs/swagger');
const { Column, DataSource, Entity, ManyToOne, PrimaryGeneratedColumn } = await load<typeof import('typeorm')>('typeorm');
const { IsOptional, MaxLength } = await load<typeof import('class-validator')>('class-validator');
for (const name of ['class-transformer', 'pg', '@nestjs/platform-express']) await load(name);

type Class = new () => object;
const entities: Class[] = [];
for (let index = 0; index < ENTITIES; index += 1) {
  const [parent] = entities;
  class Row {}
  const member = (name: string, ...decorators: PropertyDecorator[]) => {
    for (const decorate of decorators) decorate(Row.prototype, name);
  };
  member('id', PrimaryGeneratedColumn('uuid'));
  member('companyId', Column('text'));
  for (let at = 0; at < COLUMNS; at += 1) {
    const type = (['text', 'integer', 'timestamptz', 'boolean'] as const)[at % 4] ?? 'text';
    member(`field${at}`, Column({ type, nullable: true }), IsOptional(), ...(type === 'text' ? [MaxLength(200)] : []));
  }
  if (parent)
    member(
      'parent',
      ManyToOne(() => parent, { nullable: true }),
    );
  Entity(`startup_${index}`)(Row);
  entities.push(Row);
}

const controllers = Array.from({ length: CONTROLLERS }, (_, index) => {
  class Rows {
    list(): unknown[] {
      return [];
    }
    get(): null {
      return null;
    }
    create(): null {
      return null;
    }
  }
  const route = (name: 'list' | 'get' | 'create', decorate: MethodDecorator) =>
    decorate(Rows.prototype, name, Object.getOwnPropertyDescriptor(Rows.prototype, name) as PropertyDescriptor);
  route('list', Get());
  route('get', Get(':id'));
  route('create', Post());
  Controller(`rows-${index}`)(Rows);
  return Rows;
});

const imports: NonNullable<import('@nestjs/common').ModuleMetadata['imports']> = [
  TypeOrmModule.forRoot({
    type: 'postgres',
    url: process.env.DATABASE_URL,
    entities,
    synchronize: process.env.SYNCHRONIZE === '1',
  }),
  EventEmitterModule.forRoot(),
];
part();
if (what === 'with') {
  const { AutomationModule, typeOrmCrm } = await load<typeof Automation>('nestjs-crm-automation');
  const modules = entities.slice(0, MODULES).map((entity, at) => [`module${at}`, { entity, workspace: 'companyId' }]);
  imports.push(
    AutomationModule.forRootAsync({
      inject: [DataSource],
      useFactory: (dataSource: import('typeorm').DataSource): Automation.AutomationOptions => ({
        dataSource,
        crm: typeOrmCrm(Object.fromEntries(modules)),
      }),
    }),
  );
}
part('import');

class HostModule {}
Module({ imports, controllers })(HostModule);
const app = await NestFactory.create(HostModule, { logger: ['warn', 'error'] });
app.useGlobalPipes(new ValidationPipe());
SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, new DocumentBuilder().build()));
part('create');
await app.listen(0, '127.0.0.1');
part('listen');
const listening = { ...used(), main: usedByMainThread() };
await pause(SETTLED_MS);
const start: Start = { listening, settled: { cpu: used().cpu }, parts: parts as Start['parts'] };
console.log(JSON.stringify(start));
await app.close();

function used(): { cpu: number; wall: number } {
  const { user, system } = process.cpuUsage();
  return { cpu: (user + system) / 1_000, wall: performance.now() };
}

/** What the main thread does is what a host waits for; others collect garbage and compile beside it. */
function usedByMainThread(): number {
  if (process.platform !== 'linux') return 0;
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}

/** Ends a part of the start; without a name, one that the host has to itself. */
function part(name?: keyof Start['parts']): void {
  const now = used();
  if (name) parts[name] = { cpu: now.cpu - last.cpu, wall: now.wall - last.wall };
  last = now;
}
