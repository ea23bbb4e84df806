import { Inject, Injectable } from '@nestjs/common';
import type { DataSource, EntityManager, EntitySubscriberInterface, InsertEvent, QueryRunner, UpdateEvent } from 'typeorm';
import { HOST_DATA_SOURCE } from '../wake-up.js';

/** Does things when a transaction of the host's has committed, and not at all when it rolls back. In memory: best effort. */
@Injectable()
export class AfterCommit implements EntitySubscriberInterface {
  private readonly waiting = new WeakMap<QueryRunner, (() => void)[]>();
  /** Where entities of the host's, as the very objects that they are, were written last. */
  private readonly writtenBy = new WeakMap<object, QueryRunner>();

  constructor(@Inject(HOST_DATA_SOURCE) private readonly hostSource: DataSource) {}

  start(): void {
    this.hostSource.subscribers.push(this);
  }

  stop(): void {
    const at = this.hostSource.subscribers.indexOf(this);
    if (at >= 0) this.hostSource.subscribers.splice(at, 1);
  }

  /** Does the work after the manager's transaction; at once where there is none. */
  do(manager: EntityManager | undefined, work: () => void): void {
    const runner = manager?.queryRunner;
    if (!runner?.isTransactionActive) {
      work();
      return;
    }
    const list = this.waiting.get(runner) ?? [];
    list.push(work);
    this.waiting.set(runner, list);
  }

  /** The open transaction in which this very object was saved; undefined where there is none, or nobody can tell. */
  transactionOf(entity: object): EntityManager | undefined {
    const runner = this.writtenBy.get(entity);
    return runner?.isTransactionActive ? runner.manager : undefined;
  }

  /** TypeORM calls this for each entity that is saved: it must cost nothing. */
  afterInsert({ entity, queryRunner }: Pick<InsertEvent<object>, 'entity' | 'queryRunner'>): void {
    this.writtenBy.set(entity, queryRunner);
  }

  afterUpdate({ entity, queryRunner }: Pick<UpdateEvent<object>, 'entity' | 'queryRunner'>): void {
    if (entity) this.writtenBy.set(entity, queryRunner);
  }

  /** TypeORM calls this after each COMMIT, and each released savepoint. */
  afterTransactionCommit({ queryRunner }: { queryRunner: QueryRunner }): void {
    if (queryRunner.isTransactionActive) return;
    const list = this.waiting.get(queryRunner) ?? [];
    this.waiting.delete(queryRunner);
    for (const work of list) work();
  }

  afterTransactionRollback({ queryRunner }: { queryRunner: QueryRunner }): void {
    if (!queryRunner.isTransactionActive) this.waiting.delete(queryRunner);
  }
}
