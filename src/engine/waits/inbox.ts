import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { JsonObject } from '../../core/json.js';
import { AutomationDatabase } from '../../store/database.js';
import { type AnswerAddress, countAnswer, type Delivery, insertAnswer } from '../../store/runs/inbox.js';
import { RunDriver } from '../running/run-driver.js';
import { WakeUp } from '../wake-up.js';

/**
 * The way in for answers from outside: one row in the answerer's transaction, the first one wins. A run that waits becomes
 * due; a process that holds the run hears of it: this one at once, another by the wake-up, at the latest at its heartbeat.
 */
@Injectable()
export class Inbox {
  constructor(
    private readonly database: AutomationDatabase,
    private readonly driver: RunDriver,
    private readonly wakeUp: WakeUp,
  ) {}

  /** Gives an answer in a transaction of its own. Returns what became of it: only `taken` is used, exactly once. */
  async answer(address: AnswerAddress, answer: JsonObject): Promise<Delivery> {
    const delivery = await this.database.transaction((manager) => this.answerIn(manager, address, answer));
    if (delivery === 'taken') this.announce(address.runId);
    return delivery;
  }

  /** Gives an answer in the caller's transaction; {@link announce} it after the commit. */
  async answerIn(manager: EntityManager, address: AnswerAddress, answer: JsonObject): Promise<Delivery> {
    if (!(await countAnswer(manager, address))) return 'over';
    return insertAnswer(manager, address, answer);
  }

  /** There is a committed answer for the run. */
  announce(runId: string): void {
    this.driver.hearAnswers([runId]);
    this.wakeUp.announce('runs');
    this.wakeUp.announce('answers');
  }
}
