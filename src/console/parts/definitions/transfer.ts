import { call } from '../../api/client.js';
import { forget } from '../../api/query.js';
import { download } from '../../ui/download.js';
import { toast, toastError } from '../../ui/live.js';
import { navigate } from '../../ui/location.js';

/** A workflow or a state machine. */
export interface DefinitionName {
  kind: 'workflows' | 'machines';
  id: string;
  name: string;
  code: string;
}

/** Makes another draft of a definition, and says where it is. */
export async function copyDefinition({ kind, id, name }: DefinitionName): Promise<void> {
  try {
    const made = await call<{ id: string }>('POST', `${kind}/${id}/copy`, { body: {} });
    toast(`“${name}” is copied, as a draft.`, { action: { label: 'Open it', run: () => navigate(`${kind}/${made.id}`) } });
    await forget(kind);
  } catch (error) {
    toastError(`“${name}” could not be copied`, error);
  }
}

/** Gives the reader a definition as a file: a version, or the draft. */
export async function saveDefinition({ kind, id, name, code }: DefinitionName, version?: number): Promise<void> {
  try {
    const file = await call('GET', `${kind}/${id}/export`, { query: { version } });
    download(`${code}${version === undefined ? '' : `-v${version}`}.json`, file);
  } catch (error) {
    toastError(`“${name}” could not be exported`, error);
  }
}
