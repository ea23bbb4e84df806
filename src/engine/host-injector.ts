import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { StepContext } from '../actions/define-action.js';

/** Finds providers of the host's application for its actions. */
@Injectable()
export class HostInjector {
  readonly inject: StepContext['inject'];

  constructor(modules: ModuleRef) {
    this.inject = (token) => modules.get(token, { strict: false });
  }
}
