import { DateTime } from 'luxon';
import { compact, type ObjectReader } from './object-reader.js';
import type { StepSite } from './step-site.js';
import type {
  ApprovalStep,
  BranchStep,
  DelayStep,
  FlowStepType,
  ForEachStep,
  FormStep,
  ParallelStep,
  RunWorkflowStep,
  Step,
  StopStep,
  WaitForWebhookStep,
} from './types.js';

const MOST_BRANCHES = 50;
const MOST_ITEMS = 1_000;
const MOST_ASSIGNEES = 50;
const MOST_FORM_FIELDS = 50;
const MOST_OPTIONS = 200;
const LONGEST_WAIT = 'P365D';
const LONG_TEXT = 2_000;

const EXPIRY = ['fail', 'continue', 'stop'] as const;
const ONE_EXPRESSION = {
  pattern: { regex: /^\s*\{\{(?![{!#/>&^~*])[^{}]*\}\}\s*$/, wanted: 'one expression, such as {{steps.find.output.records}}' },
  max: 1_000,
};

/** How each kind of flow control reads its own members; a new kind is one entry. */
export const FLOW_PARSERS: { [Type in FlowStepType]: (site: StepSite) => Extract<Step, { kind: Type }> } = {
  branch: parseBranch,
  parallel: parseParallel,
  for_each: parseForEach,
  delay: parseDelay,
  approval: parseApproval,
  form: parseForm,
  wait_for_webhook: parseWaitForWebhook,
  run_workflow: parseRunWorkflow,
  stop: parseStop,
};

function parseBranch(site: StepSite): BranchStep {
  const names = new Set<string>();
  const branches = site.objects('branches', { min: 1, max: MOST_BRANCHES }).map((reader) => {
    const branch = { name: site.branchName(reader, names), when: site.condition(reader, 'when'), steps: site.children(reader, 'steps') };
    reader.finish();
    return branch;
  });
  return compact({ ...site.base, kind: 'branch', branches, otherwise: site.optionalChildren(site.reader, 'otherwise') });
}

function parseParallel(site: StepSite): ParallelStep {
  const names = new Set<string>();
  const branches = site.objects('branches', { min: 1, max: MOST_BRANCHES }).map((reader) => {
    const branch = { name: site.branchName(reader, names), steps: site.children(reader, 'steps', { min: 1 }) };
    reader.finish();
    return branch;
  });
  return { ...site.base, kind: 'parallel', branches, join: site.reader.choice('join', ['all', 'any'], 'all') };
}

function parseForEach(site: StepSite): ForEachStep {
  return {
    ...site.base,
    kind: 'for_each',
    in: site.templatedText('in', ONE_EXPRESSION),
    maxItems: site.reader.optionalNumber('maxItems', { min: 1, max: MOST_ITEMS }) ?? 100,
    steps: site.children(site.reader, 'steps', { min: 1, loop: true }),
  };
}

function parseDelay(site: StepSite): DelayStep {
  const { reader } = site;
  const step: DelayStep = compact({
    ...site.base,
    kind: 'delay',
    for: reader.optionalDuration('for', LONGEST_WAIT),
    until: parseUntil(site),
    untilField: reader.optionalText('untilField'),
  });
  const given = ['for', 'until', 'untilField'].filter((key) => reader.has(key));
  if (given.length !== 1) reader.problems.add(reader.path, 'A delay needs exactly one of "for", "until" and "untilField".');
  if (step.untilField !== undefined) checkDateField(site, step.untilField);
  return step;
}

function parseUntil(site: StepSite): string | undefined {
  const until = site.optionalTemplatedText('until', { max: 1_000 });
  if (until === undefined || ONE_EXPRESSION.pattern.regex.test(until)) return until;
  const hasZone = /T.*(?:Z|[+-]\d{2}:\d{2})$/.test(until);
  if (hasZone && DateTime.fromISO(until, { setZone: true }).isValid) return until;
  site.reader.problem('until', '"until" must be a date and time with its offset (2030-01-31T09:00:00Z), or one expression.');
  return undefined;
}

function checkDateField(site: StepSite, name: string): void {
  const { about, reader } = site;
  if (about.moduleName === null) reader.problem('untilField', 'This workflow is about no module, so that there is no record with a date.');
  // A module that the catalogue does not know is a problem of the trigger's.
  if (!about.module) return;
  const field = about.module.fields.find((one) => one.name === name);
  if (!field) reader.problem('untilField', `Module "${about.module.name}" has no field "${name}".`);
  else if (field.type !== 'date' && field.type !== 'datetime') reader.problem('untilField', `"${name}" is not a date.`);
}

function parseApproval(site: StepSite): ApprovalStep {
  const { reader } = site;
  if (!reader.has('assignees')) reader.problem('assignees', '"assignees" is missing.');
  return compact({
    ...site.base,
    kind: 'approval',
    assignees: parseAssignees(site) ?? [],
    message: site.templatedText('message', { max: LONG_TEXT }),
    expiresIn: reader.optionalDuration('expiresIn', LONGEST_WAIT),
    onExpiry: reader.choice('onExpiry', [...EXPIRY, 'approve', 'reject'], 'fail'),
    onReject: reader.choice('onReject', ['stop', 'fail', 'continue'], 'stop'),
  });
}

/** User ids, or expressions that yield them. */
function parseAssignees(site: StepSite): string[] | undefined {
  return site.templates(site.reader.optionalTexts('assignees', { min: 1, max: MOST_ASSIGNEES }), site.reader.at('assignees'));
}

function parseForm(site: StepSite): FormStep {
  const { reader } = site;
  const names = new Set<string>();
  const step: FormStep = compact({
    ...site.base,
    kind: 'form',
    assignees: parseAssignees(site),
    queue: reader.optionalText('queue', { max: 100 }),
    fields: site.objects('fields', { min: 1, max: MOST_FORM_FIELDS }).map((field) => parseFormField(field, names)),
    expiresIn: reader.optionalDuration('expiresIn', LONGEST_WAIT),
    onExpiry: reader.choice('onExpiry', EXPIRY, 'fail'),
  });
  if (!reader.has('assignees') && !reader.has('queue')) reader.problems.add(reader.path, 'A form needs "assignees" or a "queue".');
  return step;
}

function parseFormField(reader: ObjectReader, names: Set<string>): FormStep['fields'][number] {
  const name = reader.text('name', {
    max: 64,
    pattern: { regex: /^[A-Za-z][A-Za-z0-9_]*$/, wanted: 'made of letters, digits and "_", starting with a letter' },
  });
  if (name !== '' && names.has(name)) reader.problem('name', `Another field of this form is called "${name}".`);
  names.add(name);
  if (!reader.has('type')) reader.problem('type', '"type" is missing.');
  const field = compact({
    name,
    label: reader.optionalText('label'),
    type: reader.choice('type', ['text', 'number', 'boolean', 'date', 'choice'], 'text'),
    required: reader.flag('required', false),
    options: reader.optionalTexts('options', { min: 1, max: MOST_OPTIONS }),
  });
  if (field.type === 'choice' && !reader.has('options')) reader.problem('options', 'A choice needs "options".');
  if (field.type !== 'choice' && reader.has('options')) reader.problem('options', 'Only a choice has "options".');
  reader.finish();
  return field;
}

function parseWaitForWebhook(site: StepSite): WaitForWebhookStep {
  return compact({
    ...site.base,
    kind: 'wait_for_webhook',
    expiresIn: site.reader.optionalDuration('expiresIn', LONGEST_WAIT),
    onExpiry: site.reader.choice('onExpiry', EXPIRY, 'fail'),
  });
}

function parseRunWorkflow(site: StepSite): RunWorkflowStep {
  return compact({
    ...site.base,
    kind: 'run_workflow',
    workflow: site.reader.text('workflow'),
    input: site.optionalTemplatedObject('input'),
    wait: site.reader.flag('wait', false),
  });
}

function parseStop(site: StepSite): StopStep {
  return compact({
    ...site.base,
    kind: 'stop',
    outcome: site.reader.choice('outcome', ['succeeded', 'failed', 'cancelled'], 'succeeded'),
    message: site.optionalTemplatedText('message', { max: LONG_TEXT }),
  });
}
