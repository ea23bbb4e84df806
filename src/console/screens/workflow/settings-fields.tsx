import type { VNode } from 'preact';
import { type FormField, fieldsOf } from '../../model/schema-form.js';
import { useEditing } from '../../parts/forms/editing.js';
import { FormControl } from '../../parts/forms/form-control.js';
import { Panel } from '../../ui/page.js';
import { Reentry } from '../editor/reentry.js';
import { CallbackField } from './callback-field.js';

/** What people call the settings that they look for most; others are called and told of as the catalogue does. */
const KNOWN: Readonly<Record<string, Pick<FormField, 'label' | 'description'>>> = {
  countFailedRuns: { label: 'Runs that failed count, too', description: null },
  order: {
    label: 'Order of runs',
    description: 'Per record: the runs of one record go one after the other, in the order of their events.',
  },
  maxConcurrentRuns: {
    label: 'Runs at a time',
    description: '0: any number, the default. Of workflows that start by a schedule or a trigger URL the default is 1.',
  },
  maxDuration: {
    label: 'Longest run',
    description: 'A run that takes longer is failed. Default: 30 days; of workflows that start by a schedule or a trigger URL 30 minutes.',
  },
};
const GROUPS: readonly { title: string; names: readonly string[] }[] = [
  { title: 'Records and their order', names: ['countFailedRuns', 'order'] },
  { title: 'Limits', names: ['maxConcurrentRuns', 'maxDuration'] },
];
const CALLBACKS = ['onSuccess', 'onFailure'];

/** The settings of the draft, each where people look for it. */
export function SettingsFields(): VNode {
  const { catalog } = useEditing();
  const fields = fieldsOf(catalog.settings, ['reentry', ...CALLBACKS]);
  const grouped = new Set(GROUPS.flatMap(({ names }) => names));
  const others = fields.filter(({ name }) => !grouped.has(name));
  return (
    <>
      {GROUPS.map(({ title, names }, index) => (
        <Group key={title} title={title} fields={fields.filter(({ name }) => names.includes(name))}>
          {index === 0 && <Reentry />}
        </Group>
      ))}
      <Panel title="Who is told">
        <div class="form">
          <CallbackField name="onSuccess" legend="When a run has succeeded" />
          <CallbackField name="onFailure" legend="When a run has failed" />
        </div>
      </Panel>
      {others.length > 0 && <Group title="More" fields={others} />}
    </>
  );
}

function Group({ title, fields, children }: { title: string; fields: readonly FormField[]; children?: VNode | false }): VNode {
  return (
    <Panel title={title}>
      <div class="form">
        {children}
        {fields.map((field) => (
          <FormControl key={field.name} field={{ ...field, ...KNOWN[field.name] }} place={['settings', field.name]} />
        ))}
      </div>
    </Panel>
  );
}
