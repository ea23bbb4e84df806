import { v5 as uuidv5 } from 'uuid';

/** The names that ids are made of are ours alone. */
const NAMESPACE = 'b6d3c8f2-6f0a-4c0e-9a53-1f6f2b0c7a11';

/**
 * Returns what `uuid` reads in the templates of one step: another id each time, and in the same order the same ids for every
 * attempt, whichever process makes it. So the far side of a repeated request can tell that it has seen it.
 */
export function stableUuids(runId: string, path: string): () => string {
  let read = 0;
  return () => {
    read += 1;
    return uuidv5(JSON.stringify([runId, path, read]), NAMESPACE);
  };
}
