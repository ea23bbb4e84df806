import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { Caller } from '../../index.js';
import { crmError } from '../crm/crm-error.js';
import { callerOf } from './tokens.js';

/** Lets those in who bring one of the demo's tokens. */
@Injectable()
export class BearerGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (callerOf(context.switchToHttp().getRequest<Request>().headers.authorization) !== null) return true;
    throw crmError(401, 'unauthenticated', 'Send one of the demo tokens, for instance: Authorization: Bearer demo-admin');
  }
}

/** The caller of a route behind {@link BearerGuard}. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller | null =>
  callerOf(context.switchToHttp().getRequest<Request>().headers.authorization),
);
