import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { AnswerAddress } from '../../store/runs/inbox.js';
import { insertWaitTokens } from '../../store/wait-tokens.js';
import { WaitTokens } from '../waits/wait-tokens.js';

/** What a link of an approval is for: to look and choose, or to say yes or no. None of them decides when it is opened. */
export const APPROVAL_PURPOSES = ['review', 'approve', 'reject'] as const;
export type ApprovalPurpose = (typeof APPROVAL_PURPOSES)[number];

/** The addresses by which one person answers one approval. */
export type ApprovalAddresses = Readonly<Record<ApprovalPurpose, string>>;

/** Where the links lead, below our routes. */
const ROUTE = 'approvals';

/** The links of approvals, for each person their own: whoever follows one is that person to us. */
@Injectable()
export class ApprovalLinks {
  constructor(private readonly tokens: WaitTokens) {}

  /**
   * Returns the addresses for one person, whose tokens commit with the manager's transaction, which has to come before they are
   * told; the same ones each time. Null where the application cannot make links.
   */
  async issue(manager: EntityManager, step: AnswerAddress, userId: string): Promise<ApprovalAddresses | null> {
    if (!this.tokens.isConfigured) return null;
    const issued = APPROVAL_PURPOSES.map((purpose) => ({ purpose, ...this.tokens.issue(step, purpose, userId) }));
    await insertWaitTokens(
      manager,
      issued.map(({ row }) => row),
    );
    return Object.fromEntries(issued.map(({ purpose, token }) => [purpose, this.tokens.linkTo(ROUTE, token)])) as ApprovalAddresses;
  }
}

/** What the page of a link carries, and an answer has to bring: who has not seen the page does not decide. */
export function pageNonce(token: string): string {
  return createHmac('sha256', token).update('nestjs-crm-automation approval page').digest('base64url');
}

/** Whether an answer comes from the page of this link. */
export function isFromPage(token: string, nonce: string): boolean {
  const wanted = Buffer.from(pageNonce(token));
  const given = Buffer.from(nonce);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
