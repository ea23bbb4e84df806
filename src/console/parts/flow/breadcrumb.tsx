import type { VNode } from 'preact';
import type { JsonObject } from '../../../core/json.js';
import type { Catalog } from '../../model/catalog.js';
import { formatPlace, type Place, parsePlace } from '../../model/json-path.js';
import { wayTo } from '../../model/outline.js';
import { shortened } from '../../model/words.js';
import { Icon } from '../../ui/icon.js';

interface BreadcrumbProps {
  definition: JsonObject;
  catalog: Catalog;
  /** The path of the chosen step. */
  chosen: string | null;
  onGo: (place: Place) => void;
}

const LONGEST_NAME = 32;

/** Where the chosen step is: the steps around it, each a way there. It stays in sight while the steps scroll. */
export function Breadcrumb({ definition, catalog, chosen, onGo }: BreadcrumbProps): VNode {
  const way = chosen === null ? [] : wayTo(definition, parsePlace(chosen), catalog);
  return (
    <nav class="breadcrumb" aria-label="Where the chosen step is">
      {way.length === 0 && <span class="quiet">No step is chosen</span>}
      <ol>
        {way.map(({ place: at, number, name, list }, index) => (
          <li key={formatPlace(at)}>
            <button type="button" aria-current={index === way.length - 1 ? 'step' : undefined} onClick={() => onGo(at)}>
              <span class="quiet">{number}</span> {shortened(name, LONGEST_NAME)}
            </button>
            {list !== null && (
              <>
                <Icon name="right" size={12} />
                <span class="quiet">{shortened(list, LONGEST_NAME)}</span>
                <Icon name="right" size={12} />
              </>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}
