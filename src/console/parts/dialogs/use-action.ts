import { useEffect, useRef, useState } from 'preact/hooks';
import { type ErrorBody, errorBodyOf } from '../../api/client.js';
import { toastError } from '../../ui/live.js';

/** Something that a dialog does: whether it is under way, and what has kept it from being done. */
interface Action {
  isBusy: boolean;
  error: ErrorBody | null;
  run: (work: () => Promise<void>) => Promise<void>;
}

/** Returns what does the work of a dialog and tells there what goes wrong; as a message with these words once it is closed. */
export function useAction(failed: string): Action {
  const [error, setError] = useState<ErrorBody | null>(null);
  const [isBusy, setBusy] = useState(false);
  const isClosed = useRef(false);
  useEffect(
    () => () => {
      isClosed.current = true;
    },
    [],
  );
  const run = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await work();
    } catch (failure) {
      if (isClosed.current) toastError(failed, failure);
      else setError(errorBodyOf(failure));
    }
    setBusy(false);
  };
  return { isBusy, error, run };
}
