import { Injectable } from '@nestjs/common';
import { Mailer } from '../actions/email/mailer.js';
import type { MailTemplate, RenderedEmail } from '../actions/email/templates.js';
import type { ModuleDescription } from '../core/catalog.js';
import { compileCondition, conditionProblems, type Explanation } from '../core/condition/condition.js';
import type { Condition } from '../core/condition/tree.js';
import { AutomationError, type LoggedError } from '../core/errors.js';
import type { DomainEvent, RecordRef } from '../core/event.js';
import type { Json, JsonObject } from '../core/json.js';
import { checkShape, REQUEST_LIMITS } from '../core/json-shape.js';
import { titleOf } from '../core/record-title.js';
import { SAMPLE_ID } from '../core/sample.js';
import type { Scope } from '../core/scope.js';
import { startSubject } from '../core/start/start.js';
import { compileTemplate } from '../core/template/template.js';
import { AutomationCatalog } from '../engine/automation-catalog.js';
import { toLoggedFailure } from '../engine/failures.js';
import { triggerVariables } from '../engine/running/held-run.js';
import type { Caller } from '../host/access.js';
import { type PreviewLook, type PreviewSubject, PreviewSubjects } from './preview-subjects.js';

/** A condition as it is written, and what it is asked about. */
export interface EvaluateCommand {
  module: string;
  conditions: JsonObject;
  subject: PreviewSubject;
}

/** What a condition says of its subject, and why. */
export interface Evaluation {
  explanation: Explanation;
  record: (RecordRef & { title: string }) | null;
}

/** A text with expressions, and what they read. */
export interface RenderCommand {
  text: string;
  /** Null: about no record. */
  module: string | null;
  subject: PreviewSubject;
  escape: 'none' | 'html';
}

/** What a text becomes, or why it cannot be rendered; a text that is exactly one expression keeps the type of its value. */
export type Rendering = { value: Json; problem: null } | { value: null; problem: LoggedError };

/** Shows what conditions, texts and mail templates make of a record or an event. Nothing is written, nothing is sent. */
@Injectable()
export class PreviewService {
  constructor(
    private readonly subjects: PreviewSubjects,
    private readonly catalog: AutomationCatalog,
    private readonly mailer: Mailer,
  ) {}

  /** Throws `condition_invalid` with every problem, `module_not_found`, and what {@link PreviewSubjects.event} does. */
  evaluate(command: EvaluateCommand, caller: Caller): Promise<Evaluation> {
    checkShape(command, 'command', REQUEST_LIMITS);
    const module = this.subjects.module(command.module);
    const problems = conditionProblems(command.conditions, 'conditions', { module, catalog: this.catalog });
    if (problems.length > 0) {
      throw new AutomationError('condition_invalid', 'The conditions have problems.', {
        hint: 'Correct what the problems name.',
        problems,
      });
    }
    const condition = compileCondition(command.conditions as unknown as Condition, module);
    return this.subjects.look(caller, async (look) => {
      const found = await this.subjects.event(look, command.subject, { module: module.name, event: 'updated', trigger: null });
      const event = await this.subjects.completed(look, found, condition.paths);
      return { explanation: condition.explain(startSubject(event, timesOf(look))), record: recordOf(module, event) };
    });
  }

  /** Throws what {@link PreviewSubjects.event} does; what is wrong with the text is part of the answer. */
  render(command: RenderCommand, caller: Caller): Promise<Rendering> {
    checkShape(command, 'command', REQUEST_LIMITS);
    return this.subjects.look(caller, async (look) => {
      try {
        const template = compileTemplate(command.text, { escape: command.escape });
        const scope = await this.scope(look, command, template.paths);
        return { value: template.value(scope), problem: null };
      } catch (error) {
        if (!(error instanceof AutomationError) || !error.code.startsWith('template_')) throw error;
        return { value: null, problem: toLoggedFailure(error).error };
      }
    });
  }

  /** Every mail template, by name. Throws `mail_template_invalid`. */
  mailTemplates(): Promise<MailTemplate[]> {
    return this.mailer.templates.describe();
  }

  /** A mail template as it would be sent. Throws `mail_template_unknown`, what rendering throws, and what {@link PreviewSubjects.event} does. */
  mail(
    name: string,
    command: { module: string | null; subject: PreviewSubject; data: JsonObject },
    caller: Caller,
  ): Promise<RenderedEmail> {
    checkShape({ name, command }, 'command', REQUEST_LIMITS);
    return this.subjects.look(caller, async (look) => {
      const template = (await this.mailer.templates.describe()).find((one) => one.name === name);
      const scope = await this.scope(look, command, template?.paths ?? []);
      return this.mailer.templates.render(name, { ...command.data, ...(scope as unknown as JsonObject) });
    });
  }

  private async scope(
    look: PreviewLook,
    { module, subject }: { module: string | null; subject: PreviewSubject },
    paths: readonly string[],
  ): Promise<Scope> {
    const found = await this.subjects.event(look, subject, { module, event: 'updated', trigger: null });
    const event = await this.subjects.completed(look, found, paths);
    return scopeOf(event, look);
  }
}

/** What a step sees that is the first of its run. */
function scopeOf(event: DomainEvent, look: PreviewLook): Scope {
  const now = look.now.toISOString();
  return {
    ...startSubject(event, timesOf(look)),
    trigger: triggerVariables(event),
    workflow: { id: SAMPLE_ID, code: SAMPLE_ID, name: 'Sample', version: 1 },
    run: { id: SAMPLE_ID, startedAt: now },
    now,
  };
}

function timesOf({ now, calendar }: PreviewLook) {
  return { now, timezone: calendar.timezone, calendar };
}

function recordOf(module: ModuleDescription, { recordId: id, record }: DomainEvent): Evaluation['record'] {
  return id === null ? null : { module: module.name, id, title: titleOf(module, { id, ...record }) };
}
