import { compact, ObjectReader } from '../definition/object-reader.js';
import type { StepSite } from '../definition/step-site.js';
import type { Json, JsonObject } from '../json.js';
import { didYouMean } from '../nearest.js';
import type { FormField } from '../people/form-field.js';
import { PRIORITIES, type Priority, type Question, type TaskKind } from '../people/question.js';
import type { Scope } from '../scope.js';
import { compileTemplate, renderJson } from '../template/template.js';
import { durationSchema } from '../time/duration.js';
import { ASSIGNED, type Assigned, ESCALATION, readAssigned, resolveAssigned } from './assignees.js';
import { EXPIRES_IN, expiryOf, LONGEST_WAIT, readExpiresIn } from './expiry.js';
import { LONG_TEXT, type StepBase } from './step.js';
import type { Decision } from './step-kind.js';

const MOST_SHOWN = 20;

/** What steps have that ask people: whom, what, and by when. */
export interface AskingStep extends StepBase, Assigned {
  /** What is asked; may hold templates. */
  message?: string;
  /** Fields of the record that those who are asked get to see. */
  show?: string[];
  priority?: Priority;
  dueIn?: string;
  remindIn?: string;
  escalation?: Assigned & { after: string };
  expiresIn?: string;
}

/** The shell asks these people. */
export interface AskPeople {
  kind: 'ask_people';
  question: Question;
}

/** The members, in a schema. */
export const ASKING: Readonly<Record<string, JsonObject>> = {
  ...ASSIGNED,
  message: {
    type: 'string',
    minLength: 1,
    maxLength: LONG_TEXT,
    'x-control': 'text',
    description: 'What is asked; may hold templates.',
  },
  show: {
    type: 'array',
    items: { type: 'string' },
    minItems: 1,
    maxItems: MOST_SHOWN,
    'x-control': 'field',
    description: 'Fields of the record that those who are asked get to see.',
  },
  priority: { enum: [...PRIORITIES], default: 'normal' },
  dueIn: durationSchema('By when it should be done: shown, and overdue after it. Nothing else happens then.'),
  remindIn: durationSchema('After how long those who are asked are reminded.'),
  escalation: ESCALATION(durationSchema('After how long.')),
  expiresIn: EXPIRES_IN,
};

/** Reads what all of them have. */
export function readAsking(site: StepSite, what: string): Omit<AskingStep, keyof StepBase> {
  const { reader } = site;
  return compact({
    ...readAssigned(site, reader, what),
    message: site.optionalTemplatedText('message', { max: LONG_TEXT }),
    show: readShown(site),
    priority: reader.has('priority') ? reader.choice('priority', PRIORITIES, 'normal') : undefined,
    dueIn: reader.optionalDuration('dueIn', LONGEST_WAIT),
    remindIn: reader.optionalDuration('remindIn', LONGEST_WAIT),
    escalation: readEscalation(site),
    expiresIn: readExpiresIn(reader),
  });
}

/** Where such a step reads the run. */
export function askingReads({ assignees, escalation, message }: AskingStep): (Json | undefined)[] {
  return [assignees, escalation?.assignees, message];
}

/** The decision to ask: the step waits, and somebody has a task. */
export function ask(
  step: AskingStep,
  scope: Scope,
  now: Date,
  kind: { task: TaskKind; label: string; fields?: readonly FormField[]; required?: Question['required']; reasonRequired?: boolean },
): Decision<AskPeople> {
  const after = (duration: string | undefined): string | null => expiryOf(compact({ expiresIn: duration }), scope, now);
  const { escalation } = step;
  const question: Question = {
    task: kind.task,
    title: step.name ?? kind.label,
    message: step.message === undefined ? null : compileTemplate(step.message).render(scope),
    ...resolveAssigned(step, scope),
    required: kind.required ?? null,
    reasonRequired: kind.reasonRequired ?? false,
    fields: (kind.fields ?? []).map((field) => withDefault(field, scope)),
    show: step.show ?? [],
    priority: step.priority ?? 'normal',
    dueAt: after(step.dueIn),
    remindAt: after(step.remindIn),
    escalation: escalation ? { at: after(escalation.after) as string, ...resolveAssigned(escalation, scope) } : null,
  };
  return {
    status: 'waiting',
    // As people read it in the log.
    input: JSON.parse(JSON.stringify(question)) as JsonObject,
    output: null,
    wakeAt: expiryOf(step, scope, now),
    effect: { kind: 'ask_people', question },
  };
}

function withDefault(field: FormField, scope: Scope): FormField {
  return field.default === undefined ? field : { ...field, default: renderJson(field.default, scope) };
}

function readEscalation(site: StepSite): AskingStep['escalation'] {
  const { reader } = site;
  const json = reader.raw('escalation');
  if (json === undefined) return undefined;
  const inner = ObjectReader.open(json, reader.at('escalation'), reader.problems, 'An escalation');
  if (inner === null) return undefined;
  if (!inner.has('after')) inner.problem('after', '"after" is missing.');
  const escalation = { after: inner.optionalDuration('after', LONGEST_WAIT) ?? '', ...readAssigned(site, inner, 'An escalation') };
  inner.finish();
  return escalation;
}

function readShown(site: StepSite): string[] | undefined {
  const { about, reader } = site;
  const shown = reader.optionalTexts('show', { min: 1, max: MOST_SHOWN });
  // A module that the catalog does not know is a problem of the trigger's.
  if (!shown || !about.module) return shown;
  const names = about.module.fields.map(({ name }) => name);
  for (const [index, name] of shown.entries()) {
    if (names.includes(name)) continue;
    reader.problems.add(
      `${reader.at('show')}[${index}]`,
      `Module "${about.module.name}" has no field "${name}".${didYouMean(name, names)}`,
    );
  }
  return shown;
}
