import './why-page.css';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { hrefOf } from '../../model/route.js';
import { Button } from '../../ui/button.js';
import { Icon } from '../../ui/icon.js';
import { navigate, usePlace } from '../../ui/location.js';
import { Page } from '../../ui/page.js';
import { EmptyState } from '../../ui/states.js';
import { Found } from './found.js';
import { RecordTimeline } from './record-timeline.js';

/** Why something happened to a record, or did not: one box for whatever somebody has in hand. */
export function WhyPage(): VNode {
  const { query } = usePlace();
  const [module, id] = [query.get('module'), query.get('id')];
  const text = query.get('q') ?? '';
  return (
    <Page title="Why?" sub="What happened to a record, what workflows made of it, and why the others did not.">
      <SearchBox key={text} text={text} />
      {module !== null && id !== null ? (
        <RecordTimeline module={module} id={id} workflowId={query.get('workflow')} />
      ) : text !== '' ? (
        <Found text={text} />
      ) : (
        <div class="card">
          <EmptyState icon="question" title="Whom or what is it about?">
            <span>A name or an e-mail address, the id of a record, a run or an event, or the name of a workflow.</span>
          </EmptyState>
        </div>
      )}
    </Page>
  );
}

function SearchBox({ text }: { text: string }): VNode {
  const [typed, setTyped] = useState(text);
  return (
    <search>
      <form
        class="why-search"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.trim() !== '') navigate(hrefOf('why', { q: typed.trim() }));
        }}
      >
        <span class="search-field">
          <Icon name="search" />
          <input
            type="search"
            class="input"
            aria-label="A name, an e-mail address or an id"
            placeholder="Name, e-mail address or id"
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </span>
        <Button type="submit" kind="primary">
          Look
        </Button>
      </form>
    </search>
  );
}
