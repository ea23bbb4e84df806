import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Inject,
  Injectable,
  Logger,
  Optional,
  SetMetadata,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AutomationError } from '../core/errors.js';
import type { AccessPolicy, Caller, Permission } from '../host/access.js';
import type { HttpRequest } from './http-request.js';

/** Injection token of the host's {@link AccessPolicy}; null or missing when the host gave none. */
export const ACCESS_POLICY = Symbol('ACCESS_POLICY');

const PERMISSION = 'automation:permission';
/** Where the guard leaves the caller: a symbol, so that nothing of the host's can be there. */
const CALLER = Symbol('automation caller');

/** What a caller needs for this route; `none`: whoever is known may. A route that does not say is refused to everybody. */
export function RequirePermission(permission: Permission | 'none'): MethodDecorator {
  return SetMetadata(PERMISSION, permission);
}

/** The caller, as the access policy named them. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { [CALLER]: caller } = context.switchToHttp().getRequest<{ [CALLER]?: Caller }>();
  if (!caller) throw new AutomationError('unauthenticated', 'The request has no caller.');
  return caller;
});

/**
 * Asks the host's policy who is calling and whether they may. Refuses everything while there is no policy: a module that
 * is merely installed must not open anything.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly logger = new Logger('AutomationAccess');

  constructor(
    private readonly reflector: Reflector,
    @Optional() @Inject(ACCESS_POLICY) private readonly policy: AccessPolicy | null,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<HttpRequest & { [CALLER]?: Caller }>();
    const caller = await this.authenticate(request);
    const permission = this.reflector.get<Permission | 'none' | undefined>(PERMISSION, context.getHandler());
    if (permission === undefined) throw new AutomationError('permission_denied', 'This route does not say which permission it takes.');
    if (permission !== 'none' && !caller.permissions.includes(permission)) {
      throw new AutomationError('permission_denied', `This takes the permission automation:${permission}.`, { details: { permission } });
    }
    request[CALLER] = caller;
    return true;
  }

  /** Returns who is calling. Throws `access_not_configured`, `unauthenticated`, `caller_invalid`, and what the policy throws. */
  async authenticate(request: HttpRequest): Promise<Caller> {
    if (!this.policy) {
      throw new AutomationError('access_not_configured', 'Nobody may use the automation API: the application has no access policy.', {
        hint: 'Give the module the option `access`.',
      });
    }
    const caller: unknown = await this.policy.authenticate({
      headers: request.headers,
      method: request.method,
      url: request.originalUrl ?? request.url,
      raw: request,
    });
    if (caller === null || caller === undefined) {
      throw new AutomationError('unauthenticated', 'The request carries no valid credentials.');
    }
    if (!isCaller(caller)) {
      this.logger.error('The access policy answered a caller without a workspaceId, userId or list of permissions: the call was refused.');
      throw new AutomationError('caller_invalid', 'The application could not tell who is calling, or in which workspace.');
    }
    return caller;
  }
}

function isCaller(value: unknown): value is Caller {
  if (typeof value !== 'object' || value === null) return false;
  const { workspaceId, userId, permissions } = value as Partial<Caller>;
  return isName(workspaceId) && isName(userId) && Array.isArray(permissions);
}

/** A text that can be stored: neither blank nor with U+0000 or half of a surrogate pair. */
function isName(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '' && !/[\0\p{Surrogate}]/u.test(value);
}
