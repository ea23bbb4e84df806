import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Json, JsonObject } from '../../../../core/json.js';
import { type Catalog, isObject } from '../../../model/catalog.js';
import { stepKindWords } from '../../../model/definition-words.js';
import { recipientWords, type Would, wouldWords } from '../../../model/would-words.js';
import { JsonInput } from '../../../parts/forms/json-input.js';
import { MailView } from '../../../parts/mail/mail-view.js';
import { ChangesTable } from '../../../parts/why/changes-table.js';
import { JsonView } from '../../../ui/json-view.js';
import { Mark, Status } from '../../../ui/status.js';
import { Time } from '../../../ui/time.js';
import type { TestedStep } from './tested.js';

interface StepProps {
  step: TestedStep;
  number: string;
  catalog: Catalog;
  /** What is taken for its output, where nobody knows that; undefined: what was made up. */
  sample: Json | undefined;
  onSample: (sample: Json | undefined) => void;
}

/** A step as a run would perform it: what it is given, what it would do, and what later steps see of it. */
export function TestedStepView({ step, number, catalog, sample, onSample }: StepProps): VNode {
  const { path, name, type, status, input, output, error, isSample, until, would } = step;
  const shown = name ?? stepKindWords(type, catalog);
  // A loop may send five hundred mails: only those that are opened are drawn.
  const [isOpen, setOpen] = useState(error !== null);
  return (
    <details class="tested-step" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {number !== '' && <span class="step-number">{number}</span>}
        <span class="step-name">{shown}</span>
        <Status status={status} />
        {isSample && <Mark icon="info">{sample === undefined ? 'answer made up' : 'answer given below'}</Mark>}
        <span class="tested-would">{would.map((one) => wouldWords(one, catalog)).join(' · ')}</span>
      </summary>
      {isOpen && (
        <div class="tested-body">
          {error && (
            <p class="tone-bad">
              {error.message} {error.hint} <code>{error.code}</code>
            </p>
          )}
          {until && (
            <p>
              Waits until <Time at={until} inline />
            </p>
          )}
          {would.map((one, index) => (
            <WouldView key={index} would={one} />
          ))}
          {input && (
            <section>
              <h3>Input</h3>
              <JsonView value={input} label={`the input of ${shown}`} />
            </section>
          )}
          {isSample ? (
            <JsonInput
              label="What it answers"
              hint="Nobody knows before it has run. Later steps see what is written here."
              value={sample ?? output ?? {}}
              problem={null}
              path={`test.samples.${path}`}
              onChange={onSample}
            />
          ) : (
            output && (
              <section>
                <h3>Output</h3>
                <JsonView value={output} label={`the output of ${shown}`} />
              </section>
            )
          )}
        </div>
      )}
    </details>
  );
}

function WouldView({ would }: { would: Would }): VNode {
  const { kind } = would;
  if (kind === 'mail') {
    const { subject, text, html } = would;
    return (
      <MailView
        subject={typeof subject === 'string' ? subject : null}
        text={typeof text === 'string' ? text : ''}
        html={typeof html === 'string' ? html : null}
        to={recipientWords(would.to)}
      />
    );
  }
  if (kind === 'change' && isObject(would.changes)) {
    return (
      <ChangesTable
        changes={would.changes as Record<string, { from: Json; to: Json }>}
        module={typeof would.module === 'string' ? would.module : null}
      />
    );
  }
  const { kind: _kind, ...rest } = would;
  return <JsonView value={rest as JsonObject} label="what it would do" />;
}
